package org.moelora.bench.products;

import java.util.SplittableRandom;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Performer;

/**
 * Serves a {@link Product}: {@code prepare ROWS OUT IN FORM} makes operands and checks the result, {@code time CALLS} answers the nanoseconds per call.
 */
public final class ProductPerformer implements Performer {
    private static final int SAMPLES = 200;

    private final Product product;

    public ProductPerformer(Product product) {
        this.product = product;
    }

    @Override
    public Answer perform(String[] words) {
        return switch (words[0]) {
            case "about" -> Answer.of("version", product.version());
            case "prepare" ->
                prepare(
                        Product.Form.valueOf(words[4]),
                        Integer.parseInt(words[1]),
                        Integer.parseInt(words[2]),
                        Integer.parseInt(words[3]));
            case "time" -> time(Integer.parseInt(words[1]));
            default -> throw new IllegalArgumentException("there is no request " + words[0]);
        };
    }

    private Answer prepare(Product.Form form, int rows, int out, int in) {
        SplittableRandom random = new SplittableRandom(1);
        float[] x = uniform(random, Math.multiplyExact(rows, in));
        float[] w = uniform(random, Math.multiplyExact(out, in));
        product.prepare(form, rows, out, in, x, w);
        long begin = System.nanoTime();
        product.multiply();
        long first = System.nanoTime() - begin;
        double worst = 0;
        for (int i = 0; i < SAMPLES; i++) {
            int row = random.nextInt(rows);
            int col = random.nextInt(out);
            double expected = 0;
            for (int p = 0; p < in; p++) {
                expected += (double) x[form.x(row, p, rows, in)] * w[form.w(p, col, out, in)];
            }
            worst = Math.max(worst, Math.abs(product.get(row, col) - expected));
        }
        // Rounding of float32 sums of that many numbers below one stays far below this; bf16 or a wrong layout does
        // not.
        if (!(worst <= 1e-5 * in)) {
            throw new IllegalStateException("an element of its " + form + " is off by " + worst);
        }
        return Answer.of("nanos", first, "error", worst);
    }

    private static float[] uniform(SplittableRandom random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    private Answer time(int calls) {
        long begin = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            product.multiply();
        }
        return Answer.of("nanos", (System.nanoTime() - begin) / (double) calls);
    }
}
