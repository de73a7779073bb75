package org.moelora.learn;

import static org.moelora.learn.MoeLora.normal;
import static org.moelora.learn.MoeLora.plus;
import static org.moelora.learn.MoeLora.times;
import static org.moelora.learn.MoeLora.transposed;

import java.util.Random;

/** A change of low rank, and the average of two of them. */
final class Lesson09 {
    private static final int N = 16;

    private Lesson09() {}

    static void tell(Page page) {
        int wanted = page.whole("wanted", 3, 1, 16);
        Random random = new Random(9);
        page.say(
                "Fine-tuning adds a matrix D [out, in] to a weight W0 of the model. LoRA assumes that a D of low rank will do, and learns it as a product of two thin matrices:  D = B A  with A [r, in] and B [out, r].  r is its rank. W0 stays as it is: it is frozen.");
        page.say(
                "A matrix of %d x %d has %d numbers, A and B together have r (%d + %d). Here D has rank %d, and LoRA of rank 1 to 5 learns it as well as it can. The error is |B A - D| / |D|:",
                N, N, N * N, N, N, wanted);
        page.say("");
        double[][] d = times(1, normal(N, wanted, 1, random), normal(wanted, N, 1, random));
        Picture picture =
                page.picture("A change D of rank " + wanted + ", and what LoRA of three ranks makes of it", 660, 236);
        panel(picture, 0, "D", d, d);
        for (int rank = 1; rank <= 5; rank++) {
            double[][] a = normal(rank, N, 0.25, random);
            double[][] b = new double[N][rank]; // zero: the first forward pass is the base's
            for (int step = 0; step < 2000; step++) { // L = |B A - D|^2 / 2
                double[][] e = plus(times(1, b, a), -1, d);
                double[][] db = times(1, e, transposed(a));
                a = plus(a, -0.01, times(1, transposed(b), e));
                b = plus(b, -0.01, db);
            }
            double off = FiniteDifferences.distance(times(1, b, a), d);
            page.say("  rank %d, %3d numbers: error %.3f  %s", rank, rank * 2 * N, off, Page.bar(off, 40));
            if (rank <= 3) {
                panel(
                        picture,
                        rank,
                        "rank " + rank + String.format(java.util.Locale.ROOT, ", error %.3f", off),
                        times(1, b, a),
                        d);
            }
        }
        page.say("");
        page.say(
                "Wrong on purpose: two adapters are averaged by averaging their A and their B apart. (B1 + B2)/2 (A1 + A2)/2 is not (B1 A1 + B2 A2)/2. The error is that of the product:");
        double[][] a1 = normal(2, N, 1, random);
        double[][] b1 = normal(N, 2, 1, random);
        say(page, "two random adapters", a1, b1, normal(2, N, 1, random), normal(N, 2, 1, random));
        say(page, "an adapter and itself", a1, b1, a1, b1);
        say(
                page,
                "an adapter, and itself with both signs turned",
                a1,
                b1,
                times(-1, a1, identity(N)),
                times(-1, b1, identity(2)));
        page.say(
                "In the last line both adapters change the weight alike, as (-B)(-A) = B A, and their averages are 0. Put together, B1 and B2 side by side and halved, A1 on top of A2, they lose nothing, at the price of a larger rank.");
        page.question("what error is left to LoRA of rank 5 if D has rank 6?", "wanted=6", 9);
    }

    private static void panel(Picture picture, int at, String name, double[][] values, double[][] scale) {
        double most = 0;
        for (double[] row : scale) {
            for (double value : row) {
                most = Math.max(most, Math.abs(value));
            }
        }
        picture.heat(16 + 160 * at, 44, 9, times(1 / most, values, identity(N)), "c0", "c1");
        picture.text(16 + 160 * at, 208, "", name);
        if (at == 0) {
            picture.text(
                    16, 226, "quiet", "green: above 0, violet: below 0; the stronger the colour, the further from 0");
        }
    }

    private static void say(Page page, String what, double[][] a1, double[][] b1, double[][] a2, double[][] b2) {
        double[][] right = plus(times(0.5, b1, a1), 0.5, times(1, b2, a2));
        double[][] apart = times(0.25, plus(b1, 1, b2), plus(a1, 1, a2));
        page.say("  %-46s error %.2f", what, FiniteDifferences.distance(apart, right));
    }

    private static double[][] identity(int n) {
        double[][] one = new double[n][n];
        for (int i = 0; i < n; i++) {
            one[i][i] = 1;
        }
        return one;
    }
}
