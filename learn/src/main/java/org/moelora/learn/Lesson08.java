package org.moelora.learn;

import java.util.LinkedHashSet;
import java.util.Set;

/** The whole bundled model, block by block. */
final class Lesson08 {
    private Lesson08() {}

    static void tell(Page page) {
        int skip = page.whole("skip", 0, 0, 5);
        page.say(
                "A model of the Llama family begins with a table that has a row of numbers x for each token, its embedding. Then come blocks, all of the same form, and at the end the table again, which turns the numbers into logits. TinyLlama.java is the block, with a row x for each token and W^T for the transpose of W; silu is that of lesson 4:");
        page.say("  h = x + attention(rmsNorm(x)),   y = h + (silu(n Wgate^T) .* (n Wup^T)) Wdown^T,   n = rmsNorm(h)");
        page.say(
                "rmsNorm divides the numbers of a token by their root mean square. A block only adds to what comes in. So one can turn the numbers after any block into logits, and see what the model would say if it ended there (size is the root mean square):");
        page.say("");
        Checkpoint checkpoint = new Checkpoint(Learn.home().resolve("test-models/tiny"));
        double[][] x = Lesson03.embedded(checkpoint, Lesson03.PROMPT);
        double[][] all = new double[6][];
        for (int layer = 0; layer <= 5; layer++) {
            if (layer > 0 && layer != skip) {
                x = checkpoint.block(layer - 1).forward(x);
            }
            double[] last = x[x.length - 1];
            double[] p = MoeLora.softmax(checkpoint.logits(new double[][] {last}))[0];
            double rms = Math.sqrt(MoeLora.dot(last, last) / last.length);
            int best = Lesson03.best(p, 1)[0];
            all[layer] = p;
            page.say(
                    "  after block %d   size %6.3f  %-20s says %-6s p %.3f",
                    layer, rms, Page.bar(rms / 12, 20), checkpoint.piece(best).strip(), p[best]);
        }
        page.say("");
        page.say(
                "Attention also has to know how far apart two tokens are. RoPE takes the numbers of q and k in pairs and rotates each pair by an angle that is proportional to the token's position. Then <q_m, k_n> depends on the distance m - n alone. For a pair that turns by 1 radian a position, and q = k = (1, 0), the score at the distances 0 to 12 is:");
        StringBuilder scores = new StringBuilder();
        for (int distance = 0; distance <= 12; distance++) {
            scores.append(String.format(java.util.Locale.ROOT, "%6.2f", StrictMath.cos(distance)));
        }
        page.say("%s", scores);
        draw(page, checkpoint, all);
        page.question("what does the model say if its third block is left out, and with which p?", "skip=3", 8);
    }

    private static void draw(Page page, Checkpoint checkpoint, double[][] p) {
        Set<Integer> tokens = new LinkedHashSet<>(); // the two best after each block
        for (double[] row : p) {
            for (int token : Lesson03.best(row, 2)) {
                tokens.add(token);
            }
        }
        Picture picture = page.picture("What the model would say if it ended after each block", 640, 290);
        int col = 0;
        for (int token : tokens) {
            double left = 110 + 50 * col++;
            picture.text(left + 24, 60, "middle", checkpoint.piece(token).strip());
            for (int layer = 0; layer <= 5; layer++) {
                picture.rect(left, 70 + 32 * layer, 48, 30, "c0", 0.04 + 0.96 * p[layer][token]);
                if (p[layer][token] >= 0.01) {
                    picture.text(
                            left + 24,
                            90 + 32 * layer,
                            "middle" + (p[layer][token] > 0.6 ? " over" : ""),
                            String.format(java.util.Locale.ROOT, "%.2f", p[layer][token]));
                }
            }
        }
        for (int layer = 0; layer <= 5; layer++) {
            picture.text(100, 90 + 32 * layer, "quiet end", layer == 0 ? "embedding" : "block " + layer);
        }
        picture.text(
                110,
                280,
                "quiet",
                "p of the tokens that are among the two best after some block; the right answer is 12");
    }
}
