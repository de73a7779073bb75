package org.moelora.learn;

import java.util.List;
import java.util.Random;

/** Attention on a sentence that the bundled model reads, and attention without the root. */
final class Lesson07 {
    private Lesson07() {}

    static void tell(Page page) {
        int layer = page.whole("layer", 1, 0, 4);
        int head = page.whole("head", 0, 0, 5);
        int width = page.whole("d", 256, 1, 4096);
        page.say(
                "In attention, a token looks at itself and at the tokens before it. Each token i has three vectors: a query q_i, a key k_i and a value v_i, each made by a matrix from the numbers x_i that stand for the token. d is their length, and <q, k> = sum over c of q_c k_c is the inner product:");
        page.say("  s_ij = <q_i, k_j> / sqrt(d),   p_i = softmax over j <= i of s_ij,   o_i = sum over j of p_ij v_j");
        page.say(
                "A model has several layers, which lesson 8 shows, and each has several heads with matrices of their own. This is p of one head of the bundled model (layer %d, head %d, both counted from 0). <s> is the token that begins every text. Row i shows where token i looks, and a fuller square means more:",
                layer, head);
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
                "Wrong on purpose: no sqrt(d). If q and k are random, <q, k> has a standard deviation of sqrt(d), and softmax of large numbers gives nearly everything to one token.");
        page.say(
                "Below are 16 random tokens with d = %d: how many tokens one looks at (exp of the entropy of p, which is - sum of p log p), and the slope by which a score can still change p, the mean of p (1 - p):",
                width);
        Random random = new Random(6);
        double[][] q = MoeLora.normal(16, width, 1, random);
        double[][] k = MoeLora.normal(16, width, 1, random);
        double[][] scores = MoeLora.timesTransposed(q, k);
        Picture picture = draw(page, pieces, block.attention[head], layer, head);
        for (double scale : new double[] {1 / Math.sqrt(width), 1}) {
            double[][] all = new double[16][];
            double tokens = 0;
            double slope = 0;
            for (int i = 0; i < 16; i++) {
                double[][] scaled = {scores[i].clone()};
                for (int j = 0; j < 16; j++) {
                    scaled[0][j] *= scale;
                }
                double entropy = 0;
                all[i] = MoeLora.softmax(scaled)[0];
                for (double p : all[i]) {
                    entropy -= p > 0 ? p * StrictMath.log(p) : 0;
                    slope += p * (1 - p) / 256;
                }
                tokens += StrictMath.exp(entropy) / 16;
            }
            page.say(
                    "  scores times %-9s %4.1f tokens looked at, slope %.4f  %s",
                    scale == 1 ? "1" : "1/sqrt(d)", tokens, slope, Page.bar(slope / 0.06, 24));
            double top = scale == 1 ? 216 : 52;
            picture.heat(470, top, 8, all, "c1", "c1");
            picture.text(470, top - 8, "quiet", (scale == 1 ? "no sqrt(d)" : "with sqrt(d)") + ", d = " + width);
        }
        page.question("what slope is left without sqrt(d) if d is only 4?", "d=4", 7);
    }

    private static Picture draw(Page page, List<String> pieces, double[][] p, int layer, int head) {
        Picture picture = page.picture(
                "Where each token looks: layer " + layer + ", head " + head + " of the bundled model", 640, 372);
        for (int i = 0; i < pieces.size(); i++) {
            picture.text(76, 88 + 23 * i, "end", shown(pieces.get(i)));
            picture.text(97 + 23 * i, i % 2 == 0 ? 64 : 50, "quiet middle small", shown(pieces.get(i)));
            picture.heat(86, 72 + 23 * i, 23, new double[][] {java.util.Arrays.copyOf(p[i], i + 1)}, "c0", "c0");
        }
        return picture;
    }

    private static String shown(String piece) {
        return piece.equals("\n") ? "\\n" : piece.strip();
    }
}
