package org.moelora.learn;

import java.util.List;

/** Logits, softmax, and the loss of a language model. */
final class Lesson03 {
    static final List<String> PROMPT =
            List.of("<s>", "What", " is", " 7", " pens", " plus", " 5", " pens", "?", "\n", "Answer", ":");

    private Lesson03() {}

    static void tell(Page page) {
        double temperature = page.number("temperature", 1, 0.01, 1000);
        Checkpoint checkpoint = new Checkpoint(Learn.home().resolve("test-models/tiny"));
        double[][] x = embedded(checkpoint, PROMPT);
        for (int layer = 0; layer < 5; layer++) {
            x = checkpoint.block(layer).forward(x);
        }
        double[] logits = checkpoint.logits(new double[][] {x[x.length - 1]})[0];
        page.say(
                "A language model reads text as tokens, which are words or parts of words, and says what the next one may be. The bundled model (test-models/tiny, some 2 million numbers) has read \"What is 7 pens plus 5 pens? Answer:\" and gives a number, a logit, to each of the %d tokens that it knows.",
                logits.length);
        page.say(
                "Softmax turns the logits into probabilities:  p_i = exp(l_i / temperature) / sum over j of exp(l_j / temperature)");
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
                "The loss is -log p of the right answer (log is the natural logarithm): 0 if the model is sure of it, and larger the less it expects it. For \"12\" it is %.3f. A model that knows nothing gives all tokens the same p, and its loss is log %d = %.2f.",
                -StrictMath.log(p[right]), p.length, StrictMath.log(p.length));
        page.say(
                "The derivative of the loss by the logits is  p - onehot,  where onehot is 1 for the right token and 0 for the others. A step against it lowers what is too probable and raises what is right. Its numbers add up to 0.");
        page.say(
                "exp(1000) is %s in a double. So the largest logit is subtracted from all of them first, which leaves softmax as it is.",
                Math.exp(1000));
        draw(page, checkpoint, logits, temperature);
        page.question("how probable is 12 at three times the temperature?", "temperature=3", 3);
    }

    private static void draw(Page page, Checkpoint checkpoint, double[] logits, double temperature) {
        Picture picture =
                page.picture("What the bundled model says after \"What is 7 pens plus 5 pens? Answer:\"", 640, 290);
        picture.rect(200, 36, 10, 10, "c0").text(214, 45, "quiet", "p at the temperature " + temperature);
        picture.rect(400, 36, 10, 10, "c1").text(414, 45, "quiet", "p at twice that temperature");
        int[] shown = best(logits, 8);
        for (int once = 1; once <= 2; once++) {
            double[] scaled = logits.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] /= once * temperature;
            }
            double[] p = MoeLora.softmax(new double[][] {scaled})[0];
            for (int row = 0; row < shown.length; row++) {
                double top = 62 + 27 * row + 10 * (once - 1);
                if (once == 1) {
                    picture.text(
                            60, top + 13, "end", checkpoint.piece(shown[row]).strip());
                    picture.text(
                            125,
                            top + 13,
                            "quiet end",
                            String.format(java.util.Locale.ROOT, "%.2f", logits[shown[row]]));
                }
                picture.rect(140, top, 400 * p[shown[row]], 9, once == 1 ? "c0" : "c1");
                picture.text(
                        146 + 400 * p[shown[row]],
                        top + 9,
                        "quiet small",
                        String.format(java.util.Locale.ROOT, "%.3f", p[shown[row]]));
            }
        }
        picture.text(60, 52, "quiet end", "token").text(125, 52, "quiet end", "logit");
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
