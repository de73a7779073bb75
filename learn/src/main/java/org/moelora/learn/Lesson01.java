package org.moelora.learn;

import java.util.HashSet;
import java.util.Set;

/** A product of matrices, and the order of its loops. */
final class Lesson01 {
    private static final int N = 320;

    private Lesson01() {}

    static void tell(Page page) {
        int cols = page.whole("cols", 64, 1, 4096);
        page.say(
                "Training spends nearly all its time on products of matrices, C = A B:  c_ij = sum over p of a_ip b_pj.  Here A, B and C are arrays of float.");
        page.say(
                "That is three loops, over i, j and p. Their order does not change the result, but it changes the walk through memory: a matrix lies in memory row after row, and the processor fetches it in cache lines of 64 bytes, which is 16 floats.");
        page.say("");
        page.say(
                "B has %d columns. These are the cache lines that the first 16 steps of the innermost loop fetch:",
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
        page.say("one step down is %d bytes in memory, one step to the right is 4", 4 * cols);
        draw(page, cols, down, along);
        double[][] a = MoeLora.normal(N, N, 1, new java.util.Random(1));
        double[][] b = MoeLora.normal(N, N, 1, new java.util.Random(2));
        double[][] byColumns = {};
        double[][] byRows = {};
        long columns = Long.MAX_VALUE;
        long rows = Long.MAX_VALUE;
        for (int round = 0; round < 3; round++) { // the JVM compiles the loops meanwhile; the fastest counts
            long start = System.nanoTime();
            byColumns = columns(a, b);
            long middle = System.nanoTime();
            byRows = rows(a, b);
            columns = Math.min(columns, middle - start);
            rows = Math.min(rows, System.nanoTime() - middle);
        }
        page.say(
                Page.MEASURED + "%d x %d x %d takes %.0f ms down the columns, %.0f ms along the rows",
                N,
                N,
                N,
                columns / 1e6,
                rows / 1e6);
        page.say("the same bits: %s", java.util.Arrays.deepEquals(byColumns, byRows));
        page.question("how many bytes of each line does the walk down use if B has 4 columns?", "cols=4", 1);
    }

    private static void draw(Page page, int cols, Set<Integer> down, Set<Integer> along) {
        int shown = Math.min(cols, 64);
        Picture picture = page.picture(
                String.format(
                        java.util.Locale.ROOT, "The lines of B [16 of its rows, %d columns] that 16 steps fetch", cols),
                700,
                216);
        for (int walk = 0; walk < 2; walk++) {
            Set<Integer> lines = walk == 0 ? down : along;
            double left = 16 + walk * 344;
            for (int row = 0; row < 16; row++) {
                for (int col = 0; col < shown; col++) {
                    boolean touched = walk == 0 ? col == 0 : row * cols + col < Math.min(cols, 16);
                    boolean fetched = lines.contains((row * cols + col) / 16);
                    String kind = touched ? "c2" : fetched ? "c0" : "grey";
                    picture.rect(left + 5 * col, 44 + 8 * row, 4, 7, kind, touched ? 1 : fetched ? 0.45 : 0.25);
                }
            }
            picture.text(left, 190, "", walk == 0 ? "over p: down a column" : "over j: along a row");
            picture.text(
                    left,
                    206,
                    "quiet",
                    "fetched: " + lines.size() + (lines.size() == 1 ? " line" : " lines")
                            + "; orange: the numbers that are used");
        }
    }

    private static double[][] columns(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                c[i][j] = down(a[i], b, j);
            }
        }
        return c;
    }

    private static double down(double[] a, double[][] b, int j) {
        double sum = 0;
        for (int p = 0; p < a.length; p++) {
            sum += a[p] * b[p][j];
        }
        return sum;
    }

    private static double[][] rows(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int p = 0; p < b.length; p++) {
                along(a[i][p], b[p], c[i]);
            }
        }
        return c;
    }

    private static void along(double a, double[] b, double[] c) {
        for (int j = 0; j < c.length; j++) {
            c[j] += a * b[j];
        }
    }
}
