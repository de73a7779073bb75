package org.moelora.learn;

/** Arithmetic intensity and the roofline (Williams, Waterman and Patterson 2009). */
final class Lesson02 {
    private static final int[] ROWS = {1, 8, 64, 1024};

    private Lesson02() {}

    static void tell(Page page) {
        double peak = page.number("peak", 128);
        double bandwidth = page.number("bandwidth", 16);
        double bytes = page.number("bytes", 4);
        page.say(
                "A machine computes at most so many operations a second (its peak) and fetches at most so many bytes (its bandwidth).");
        page.say(
                "A product of m tokens with a weight of 2048 x 2048 is 2 m 2048^2 operations on %.0f (m 2048 + 2048^2 + m 2048) bytes.",
                bytes);
        page.say(
                "Operations per byte is its intensity. Its rate is at most  min(peak, intensity x bandwidth):  the roof.");
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
        page.say("");
        page.say(
                "Writing an answer goes token by token (a): it waits for memory. Training takes many tokens at once (d).");
        page.say("bin/bench steps measures both limits of your machine, and docs/gemm.md walks up to the roof.");
        page.question(
                "how many bytes may a weight's number have for one token at a time to be four times as fast?",
                "bytes=1",
                2);
    }

    private static int log2(double x) {
        return (int) Math.round(StrictMath.log(x) / StrictMath.log(2));
    }
}
