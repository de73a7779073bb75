package org.moelora.learn;

import java.util.List;

/** Arithmetic intensity and the roofline (Williams, Waterman and Patterson 2009). */
final class Lesson02 {
    private static final int[] ROWS = {1, 8, 64, 1024};
    private static final int WIDTH = 2048;

    private Lesson02() {}

    static void tell(Page page) {
        double peak = page.number("peak", 128, 1, 4096);
        double bandwidth = page.number("bandwidth", 16, 1, 4096);
        double bytes = page.number("bytes", 4, 0.25, 8);
        page.say(
                "A machine has two limits: the operations that it can compute in a second (its peak), and the bytes that it can fetch from memory in a second (its bandwidth).");
        page.say(
                "In a language model a row of numbers stands for each token, which is a word or a part of one, and a matrix of learned numbers is called a weight. The product of m tokens with a weight of 2048 x 2048 takes 2 m 2048^2 operations, a multiplication and an addition for each pair, and reads and writes %s (m 2048 + 2048^2 + m 2048) bytes.",
                bytes == Math.rint(bytes) ? String.valueOf((int) bytes) : String.valueOf(bytes));
        page.say(
                "Its intensity is the number of operations per byte. It runs at  min(peak, intensity x bandwidth)  at most, which is the roof. Here are a peak of %.0f GFLOP/s, which are billions of operations in a second, and a bandwidth of %.0f GB/s:",
                peak, bandwidth);
        page.say("");
        double[] intensity = new double[ROWS.length];
        for (int i = 0; i < ROWS.length; i++) {
            double m = ROWS[i];
            intensity[i] = 2 * m * 2048 * 2048 / (bytes * (2 * m * 2048 + 2048.0 * 2048));
        }
        page.say("GFLOP/s");
        for (int level = log2(peak); level >= 0; level--) {
            StringBuilder line = new StringBuilder();
            for (int x = -4; x <= 36; x++) { // four characters for a factor of two
                double at = StrictMath.pow(2, x / 4.0);
                String dot = log2(Math.min(peak, at * bandwidth)) == level ? (at * bandwidth < peak ? "/" : "_") : " ";
                for (int i = 0; i < ROWS.length; i++) {
                    if (Math.round(4 * StrictMath.log(intensity[i]) / StrictMath.log(2)) == x && !dot.equals(" ")) {
                        dot = String.valueOf((char) ('a' + i));
                    }
                }
                line.append(dot);
            }
            page.say("%6.0f %s", StrictMath.pow(2, level), line.toString().stripTrailing());
        }
        page.say("        0.5     2       8       32      128     operations per byte");
        for (int i = 0; i < ROWS.length; i++) {
            double roof = Math.min(peak, intensity[i] * bandwidth);
            page.say(
                    "%c: %4d tokens at a time, %6.1f operations per byte, at most %5.1f GFLOP/s, %s",
                    'a' + i, ROWS[i], intensity[i], roof, roof < peak ? "limited by memory" : "limited by arithmetic");
        }
        double[] measured = measured();
        page.say(
                Page.MEASURED + "two loops of Java, one thread: a %.1f, b %.1f, c %.1f GFLOP/s",
                measured[0],
                measured[1],
                measured[2]);
        draw(page, peak, bandwidth, intensity, measured);
        page.say("");
        page.say(
                "A model writes its answer token by token (a), and waits for memory. Training has many tokens at once (d), and computes.");
        page.say("docs/gemm.md says what keeps simple loops below the roof, and climbs up to it in twelve steps.");
        page.question(
                "how many GFLOP/s can one token at a time reach if each number of the weight takes one byte?",
                "bytes=1",
                2);
    }

    /** GFLOP/s of {@code y = x W}, where each row of W is fetched once for all tokens. */
    private static double[] measured() {
        double[] rates = new double[3];
        float[][] w = new float[WIDTH][WIDTH];
        for (int i = 0; i < rates.length; i++) {
            for (int round = 0;
                    round < 12 / (i + 1);
                    round++) { // the JVM compiles the loops meanwhile; the fastest counts
                float[][] x = new float[ROWS[i]][WIDTH];
                float[][] y = new float[ROWS[i]][WIDTH];
                long start = System.nanoTime();
                for (int p = 0; p < WIDTH; p++) {
                    for (int t = 0; t < x.length; t++) {
                        add(x[t][p], w[p], y[t]);
                    }
                }
                rates[i] = Math.max(rates[i], 2.0 * ROWS[i] * WIDTH * WIDTH / (System.nanoTime() - start));
            }
        }
        return rates;
    }

    private static void add(float x, float[] w, float[] y) {
        for (int j = 0; j < y.length; j++) {
            y[j] += x * w[j];
        }
    }

    private static void draw(Page page, double peak, double bandwidth, double[] intensity, double[] measured) {
        Picture picture = page.picture("The roofline: a product of m tokens with a weight of 2048 x 2048", 640, 330);
        double ridge = peak / bandwidth;
        double most = Math.max(1024, 4 * intensity[3]);
        Picture.Axes axes = new Picture.Axes(64, 60, 540, 220, 0.125, most, true, 0.25, 4 * peak, true);
        picture.frame(
                axes, "operations per byte", new double[] {0.125, 0.5, 2, 8, 32, 128, 512}, "GFLOP/s", new double[] {
                    1, 8, peak / 4, peak
                });
        picture.curve(
                List.of(
                        new double[] {axes.x(0.125), axes.y(bandwidth / 8)},
                        new double[] {axes.x(ridge), axes.y(peak)},
                        new double[] {axes.x(most), axes.y(peak)}),
                "s1");
        for (int i = 0; i < intensity.length; i++) {
            double x = axes.x(intensity[i]);
            double roof = axes.y(Math.min(peak, intensity[i] * bandwidth));
            picture.dot(x, roof, "c1").text(x, roof - 10, "middle", "m = " + ROWS[i]);
            if (i < measured.length) {
                picture.dot(x, axes.y(measured[i]), "c2 measured");
            }
        }
        picture.dot(440, 40, "c1").text(450, 44, "quiet", "at most");
        picture.dot(510, 40, "c2").text(520, 44, "quiet", "measured: Java");
    }

    private static int log2(double x) {
        return (int) Math.round(StrictMath.log(x) / StrictMath.log(2));
    }
}
