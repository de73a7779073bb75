package org.moelora.learn;

import java.util.Arrays;
import java.util.Random;

/** What the balance loss does, and what too much of it does. */
final class Lesson11 {
    private static final int STEPS = 400;
    private static final int WINDOW = 50;

    private Lesson11() {}

    static void tell(Page page) {
        double weight = page.number("balance", 0.1);
        int seed = (int) page.number("seed", 5);
        page.say(
                "A router may send everything to one expert. The balance loss  L_bal = E sum over e of f_e P_e  is 1 when all are");
        page.say(
                "used alike, and more otherwise: f_e is the share of choices that went to e, P_e the mean of its probability. The");
        page.say(
                "contrastive loss makes outputs of one expert alike and those of different experts unlike. Each has the weight 0.01.");
        page.say("");
        page.say(
                "Wrong on purpose: a balance weight of %s. Who moves the router of lesson 12, the answers or the balance? The share of",
                weight);
        page.say("the balance loss in the slope |dW_g|, over windows of %d steps, of three toys together:", WINDOW);
        page.say("");
        double[] usual = shares(MoeLora.BALANCE, seed);
        double[] large = shares(weight, seed);
        page.say("  steps        weight 0.01                   weight %s", weight);
        for (int i = 0; i < usual.length; i++) {
            page.say(
                    "  %3d to %3d   %.2f %-24s %.2f %s",
                    i * WINDOW,
                    i * WINDOW + WINDOW - 1,
                    usual[i],
                    Page.bar(usual[i], 24),
                    large[i],
                    Page.bar(large[i], 24));
        }
        page.say("");
        page.say(
                "The pull of L_bal on a logit is the same whatever the token says. While B is near zero the answers cannot pull at all;");
        page.say(
                "later a large weight pulls harder than they do. The toy still finds its answers, as they are easy; in a language model");
        page.say(
                "the answers' pull on a router is weak from the beginning, and equal loads are worth nothing by themselves.");
        page.question(
                "what is the share of the balance loss in the last window at ten times that weight?", "balance=1", 11);
    }

    /** Of three toys together. */
    private static double[] shares(double weight, int seed) {
        double[] balance = new double[STEPS / WINDOW];
        double[] answers = new double[STEPS / WINDOW];
        for (int toy = 0; toy < 3; toy++) {
            MoeLora router = new MoeLora(MoeLora.copying(), 4, 2, 2, 4, new Random(seed + toy));
            for (int step = 0; step < STEPS; step++) {
                router.balanceWeight = 0;
                router.forwardAndBackward(MoeLora.tokens(), MoeLora.answers());
                double[][] without = router.dwg;
                router.balanceWeight = weight;
                router.forwardAndBackward(MoeLora.tokens(), MoeLora.answers());
                answers[step / WINDOW] += norm(without);
                balance[step / WINDOW] += norm(MoeLora.plus(router.dwg, -1, without));
                router.update(0.02);
            }
        }
        double[] shares = new double[balance.length];
        Arrays.setAll(shares, i -> balance[i] / (balance[i] + answers[i]));
        return shares;
    }

    private static double norm(double[][] x) {
        double squares = 0;
        for (double[] row : x) {
            squares += MoeLora.dot(row, row);
        }
        return Math.sqrt(squares);
    }
}
