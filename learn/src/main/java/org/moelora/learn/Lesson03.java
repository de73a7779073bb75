package org.moelora.learn;

import java.util.List;

/** Logits, softmax, and the loss of a language model. */
final class Lesson03 {
    static final List<String> PROMPT =
            List.of("<s>", "What", " is", " 7", " pens", " plus", " 5", " pens", "?", "\n", "Answer", ":");

    private Lesson03() {}

    static void tell(Page page) {
        double temperature = page.number("temperature", 1);
        Checkpoint checkpoint = new Checkpoint(Learn.home().resolve("test-models/tiny"));
        double[][] x = embedded(checkpoint, PROMPT);
        for (int layer = 0; layer < 5; layer++) {
            x = checkpoint.block(layer).forward(x);
        }
        double[] logits = checkpoint.logits(new double[][] {x[x.length - 1]})[0];
        page.say(
                "The bundled model has read \"What is 7 pens plus 5 pens? Answer:\" and gives a number, a logit, to each of its %d tokens.",
                logits.length);
        page.say(
                "Softmax makes probabilities of them:  p_i = exp(l_i / temperature) / sum over j of exp(l_j / temperature)");
        page.say("");
        double[] scaled = logits.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] /= temperature;
        }
        double[] p = MoeLora.softmax(new double[][] {scaled})[0];
        for (int i : best(p, 5)) {
            page.say(
                    "  %-5s logit %6.2f   p %.3f  %s",
                    checkpoint.piece(i).strip(), logits[i], p[i], Page.bar(p[i], 40));
        }
        int right = checkpoint.ids(List.of(" 12"))[0];
        page.say("");
        page.say(
                "The loss of a right answer is -log p. For \"12\" it is %.3f; a model that knows nothing has log %d = %.2f.",
                -StrictMath.log(p[right]), p.length, StrictMath.log(p.length));
        page.say(
                "The derivative of that loss by the logits is  p - onehot:  what is too probable goes down, what is right goes up. They add up to 0.");
        page.say(
                "exp(1000) is %s, so the largest logit is taken from all before: softmax does not change.",
                Math.exp(1000));
        page.question("how probable is 12 at three times the temperature?", "temperature=3", 3);
    }

    static double[][] embedded(Checkpoint checkpoint, List<String> pieces) {
        double[][] table = checkpoint.read("model.embed_tokens.weight");
        int[] ids = checkpoint.ids(pieces);
        double[][] x = new double[ids.length][];
        for (int t = 0; t < x.length; t++) {
            x[t] = table[ids[t]].clone();
        }
        return x;
    }

    /** The indices of the n largest, the largest first. */
    static int[] best(double[] p, int n) {
        return java.util.stream.IntStream.range(0, p.length)
                .boxed()
                .sorted(java.util.Comparator.comparingDouble(i -> -p[i]))
                .limit(n)
                .mapToInt(i -> i)
                .toArray();
    }
}
