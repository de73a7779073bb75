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
        int wanted = (int) page.number("wanted", 3);
        Random random = new Random(9);
        page.say(
                "Fine-tuning changes a weight W0 [out, in] by D. LoRA says: D is nearly of low rank, so learn  D = B A  with A [r, in] and B [out, r].");
        page.say(
                "A %d x %d weight has %d numbers; of rank r it takes r (%d + %d). Here D has rank %d, and LoRA of rank 1 to 5 comes as near as it can:",
                N, N, N * N, N, N, wanted);
        page.say("");
        double[][] d = times(1, normal(N, wanted, 1, random), normal(wanted, N, 1, random));
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
            page.say("  rank %d, %3d numbers: off by %.3f of D  %s", rank, rank * 2 * N, off, Page.bar(off, 40));
        }
        page.say("");
        page.say(
                "Wrong on purpose: to average two adapters by averaging their A and their B apart. (B1 + B2)/2 (A1 + A2)/2 is not (B1 A1 + B2 A2)/2:");
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
                "The last two are the same change of the weight, and apart they average to nothing. Side by side, [B1 B2]/2 and [A1; A2], nothing is lost.");
        page.question("a D of which rank does LoRA of rank 5 just miss?", "wanted=6", 9);
    }

    private static void say(Page page, String what, double[][] a1, double[][] b1, double[][] a2, double[][] b2) {
        double[][] right = plus(times(0.5, b1, a1), 0.5, times(1, b2, a2));
        double[][] apart = times(0.25, plus(b1, 1, b2), plus(a1, 1, a2));
        page.say("  %-46s off by %.2f", what, FiniteDifferences.distance(apart, right));
    }

    private static double[][] identity(int n) {
        double[][] one = new double[n][n];
        for (int i = 0; i < n; i++) {
            one[i][i] = 1;
        }
        return one;
    }
}
