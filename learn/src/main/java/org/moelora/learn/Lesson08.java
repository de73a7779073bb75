package org.moelora.learn;

/** The whole bundled model, block by block. */
final class Lesson08 {
    private Lesson08() {}

    static void tell(Page page) {
        int skip = (int) page.number("skip", 0);
        page.say(
                "A model of the Llama family is a table of embeddings, the same block over and over, and the table again. TinyLlama.java is the block:");
        page.say("  h = x + attention(rmsNorm(x)),   y = h + (silu(n Wgate^T) .* (n Wup^T)) Wdown^T,   n = rmsNorm(h)");
        page.say(
                "Each block only adds to what comes in. So the end of the model can be asked after any block what it would say by now:");
        page.say("");
        Checkpoint checkpoint = new Checkpoint(Learn.home().resolve("test-models/tiny"));
        double[][] x = Lesson03.embedded(checkpoint, Lesson03.PROMPT);
        for (int layer = 0; layer <= 5; layer++) {
            if (layer > 0 && layer != skip) {
                x = checkpoint.block(layer - 1).forward(x);
            }
            double[] last = x[x.length - 1];
            double[] p = MoeLora.softmax(checkpoint.logits(new double[][] {last}))[0];
            double rms = Math.sqrt(MoeLora.dot(last, last) / last.length);
            int best = Lesson03.best(p, 1)[0];
            page.say(
                    "  after %d blocks   size %6.3f  %-20s says %-6s p %.3f",
                    layer, rms, Page.bar(rms / 12, 20), checkpoint.piece(best).strip(), p[best]);
        }
        page.say("");
        page.say(
                "RoPE tells attention how far apart two tokens are: it turns each pair of q and k by an angle that grows with the position, so that");
        page.say(
                "<q_m, k_n> depends on m - n alone. A pair that turns by 1 a step, q = k = (1, 0), at the distances 0 to 12:");
        StringBuilder scores = new StringBuilder();
        for (int distance = 0; distance <= 12; distance++) {
            scores.append(String.format(java.util.Locale.ROOT, "%6.2f", StrictMath.cos(distance)));
        }
        page.say("%s", scores);
        page.question("what does the model say if its third block is left out?", "skip=3", 8);
    }
}
