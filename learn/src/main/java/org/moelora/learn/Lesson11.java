package org.moelora.learn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What the balance loss does, and what too much of it does. */
final class Lesson11 {
    private static final int STEPS = 400;
    private static final int WINDOW = 50;

    private Lesson11() {}

    static void tell(Page page) {
        double weight = page.number("balance", 0.1, 0, 1000);
        int seed = page.whole("seed", 5, 0, 1_000_000);
        page.say(
                "A router may send all tokens to one expert. Two losses are added against this, each with the weight 0.01. The balance loss is  L_bal = E sum over e of f_e P_e,  where E is the number of experts, f_e the share of the choices that went to expert e, and P_e the mean of its probability. It is 1 if all experts are used alike, and more otherwise. The contrastive loss makes the outputs of one expert alike, and those of different experts unlike.");
        page.say("");
        page.say(
                "Wrong on purpose: a balance weight of %s. What moves the router of lesson 12, the answers or the balance loss? This is the share of the balance loss in the gradient |dW_g| of the router, over %d steps each, of three trainings together:",
                weight, WINDOW);
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
                "L_bal moves a logit in the same direction whatever the token is. With a large weight it soon moves the router as much as the answers do. This toy still finds its answers, as they are easy. In a language model the answers move a router little from the beginning, and equal use of all experts is worth nothing by itself.");
        draw(page, weight, usual, large);
        page.question(
                "what is the share of the balance loss in the last 50 steps at ten times that weight?",
                "balance=1",
                11);
    }

    private static void draw(Page page, double weight, double[] usual, double[] large) {
        Picture picture = page.picture("The share of the balance loss in the router's gradient |dW_g|", 640, 320);
        Picture.Axes axes = new Picture.Axes(64, 60, 540, 210, 0, STEPS, false, 0, 1, false);
        picture.frame(
                axes, "step", new double[] {0, 100, 200, 300, 400}, "share", new double[] {0, 0.25, 0.5, 0.75, 1});
        int at = 0;
        for (double[] shares : new double[][] {usual, large}) {
            List<double[]> points = new ArrayList<>();
            for (int i = 0; i < shares.length; i++) {
                points.add(new double[] {axes.x((i + 0.5) * WINDOW), axes.y(shares[i])});
            }
            picture.curve(points, "s" + at);
            for (double[] point : points) {
                picture.dot(point[0], point[1], "c" + at);
            }
            at++;
        }
        picture.dot(360, 40, "c0").text(370, 44, "quiet", "weight 0.01");
        picture.dot(470, 40, "c1").text(480, 44, "quiet", "weight " + weight);
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
