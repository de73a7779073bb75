package org.moelora.learn;

import java.util.List;
import java.util.Random;

/** Attention on a sentence that the bundled model reads, and attention without the root. */
final class Lesson07 {
    private Lesson07() {}

    static void tell(Page page) {
        int layer = (int) page.number("layer", 1);
        int head = (int) page.number("head", 0);
        int width = (int) page.number("d", 256);
        page.say(
                "A token looks at the tokens before it. It has a query q, they have keys k and values v, each a linear of what stands there:");
        page.say("  s_ij = <q_i, k_j> / sqrt(d),   p_i = softmax over j <= i of s_ij,   o_i = sum over j of p_ij v_j");
        page.say("Whom a head of the bundled model looks at (layer %d, head %d), darker for more:", layer, head);
        page.say("");
        Checkpoint checkpoint = new Checkpoint(Learn.home().resolve("test-models/tiny"));
        double[][] x = Lesson03.embedded(checkpoint, Lesson03.PROMPT);
        TinyLlama block = checkpoint.block(0);
        for (int i = 0; i <= layer; i++) {
            block = checkpoint.block(i);
            x = block.forward(x);
        }
        List<String> pieces = Lesson03.PROMPT;
        for (int i = 0; i < pieces.size(); i++) {
            StringBuilder row = new StringBuilder();
            for (int j = 0; j <= i; j++) {
                row.append(Page.shade(block.attention[head][i][j]));
            }
            int most = Lesson03.best(block.attention[head][i], 1)[0];
            page.say(
                    "  %-8s %-24s  most at %-6s %.2f",
                    shown(pieces.get(i)), row, shown(pieces.get(most)), block.attention[head][i][most]);
        }
        page.say("");
        page.say(
                "Wrong on purpose: no sqrt(d). With d random numbers each, <q, k> has a deviation of sqrt(d), and softmax of large numbers is all or nothing.");
        page.say(
                "16 tokens of d = %d. Below: exp of the entropy of p, which counts the tokens looked at, and the mean of p (1 - p), the slope by which a score can still learn:",
                width);
        Random random = new Random(6);
        double[][] q = MoeLora.normal(16, width, 1, random);
        double[][] k = MoeLora.normal(16, width, 1, random);
        double[][] scores = MoeLora.timesTransposed(q, k);
        for (double scale : new double[] {1 / Math.sqrt(width), 1}) {
            double tokens = 0;
            double slope = 0;
            for (double[] s : scores) {
                double[][] scaled = {s.clone()};
                for (int j = 0; j < 16; j++) {
                    scaled[0][j] *= scale;
                }
                double entropy = 0;
                for (double p : MoeLora.softmax(scaled)[0]) {
                    entropy -= p > 0 ? p * StrictMath.log(p) : 0;
                    slope += p * (1 - p) / 256;
                }
                tokens += StrictMath.exp(entropy) / 16;
            }
            page.say(
                    "  scores times %-9s %4.1f tokens looked at, slope %.4f  %s",
                    scale == 1 ? "1" : "1/sqrt(d)", tokens, slope, Page.bar(slope / 0.06, 24));
        }
        page.question("by how much does the slope shrink without the root at d = 4?", "d=4", 7);
    }

    private static String shown(String piece) {
        return piece.equals("\n") ? "\\n" : piece.strip();
    }
}
