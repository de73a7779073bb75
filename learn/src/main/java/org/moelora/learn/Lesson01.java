package org.moelora.learn;

import java.util.HashSet;
import java.util.Set;

/** A product of matrices, and the order of its loops. */
final class Lesson01 {
    private Lesson01() {}

    static void tell(Page page) {
        int cols = (int) page.number("cols", 64);
        page.say("Nearly all time of a training goes into C = A B:  c_ij = sum over p of a_ip b_pj");
        page.say(
                "Three loops, over i, j and p. Their order does not change the result. It changes the walk through memory: numbers lie row after row, and come from memory in lines of 64 bytes, 16 floats.");
        page.say("");
        page.say(
                "The first 16 numbers of B, of %d columns, that the innermost loop touches, and the lines that had to come:",
                cols);
        page.say("   over p: down a column         over j: along a row");
        Set<Integer> down = new HashSet<>();
        Set<Integer> along = new HashSet<>();
        for (int step = 0; step < 16; step++) {
            down.add(step * cols / 16); // b_pj with p = step, j = 0
            along.add(step / 16); // p = 0, j = step
        }
        int perRow = Math.min(4, (cols + 15) / 16);
        for (int row = 0; row < 16; row++) {
            StringBuilder left = new StringBuilder("   ");
            StringBuilder right = new StringBuilder();
            for (int line = 0; line < perRow; line++) {
                left.append(down.contains((row * cols + line * 16) / 16) ? "■ " : "· ");
                right.append(along.contains((row * cols + line * 16) / 16) ? "■ " : "· ");
            }
            page.say("%-30s   %s", left, right.toString().stripTrailing());
        }
        page.say(
                "lines fetched: %d and %d; bytes used of each: %d and 64",
                down.size(), along.size(), 64 / Math.max(1, down.size()));
        page.say("two neighbours of the walk down are %d bytes apart", 4 * cols);
        double[][] a = MoeLora.normal(192, 192, 1, new java.util.Random(1));
        double[][] b = MoeLora.normal(192, 192, 1, new java.util.Random(2));
        columns(a, b); // compiled by now
        rows(a, b);
        long start = System.nanoTime();
        double[][] byColumns = columns(a, b);
        long middle = System.nanoTime();
        double[][] byRows = rows(a, b);
        page.say(
                Page.MEASURED + "192 x 192 x 192 takes %.1f ms down the columns, %.1f ms along the rows",
                (middle - start) / 1e6,
                (System.nanoTime() - middle) / 1e6);
        page.say("the same bits: %s", java.util.Arrays.deepEquals(byColumns, byRows));
        page.question(
                "with which number of columns does the walk down use all of each line that it fetches?", "cols=16", 1);
    }

    private static double[][] columns(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int p = 0; p < b.length; p++) {
                    c[i][j] += a[i][p] * b[p][j];
                }
            }
        }
        return c;
    }

    private static double[][] rows(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int p = 0; p < b.length; p++) {
                for (int j = 0; j < b[0].length; j++) {
                    c[i][j] += a[i][p] * b[p][j];
                }
            }
        }
        return c;
    }
}
