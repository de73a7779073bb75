package org.moelora.learn;

/** Plain steps down the slope, and AdamW. */
final class Lesson06 {
    private static final int WIDTH = 57;
    private static final int HEIGHT = 13;
    private static final int MIDDLE = HEIGHT / 2;
    private static final int CENTRE = WIDTH / 2;
    private static final int STEPS = 60;

    private Lesson06() {}

    static void tell(Page page) {
        double rate = page.number("rate", 0.019);
        page.say(
                "Once the slope is known, go down:  w -= rate dw.  In a ravine, L = (100 a^2 + b^2) / 2, steep in a and flat in b, that is slow:");
        page.say(
                "a rate that is small enough for a is far too small for b. Adam divides each slope by its own usual size:");
        page.say(
                "  m = 0.9 m + 0.1 dw,  v = 0.999 v + 0.001 dw^2,  w -= rate (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)");
        page.say("The W of AdamW: each step also takes  rate decay w  off the weight, beside the slope and not in it.");
        page.say("");
        char[][] map = new char[HEIGHT][WIDTH];
        for (char[] row : map) {
            java.util.Arrays.fill(row, '·');
        }
        double[] w = {0.9, 1};
        double[] u = {0.9, 1};
        double[] m = new double[2];
        double[] v = new double[2];
        for (int t = 1; t <= STEPS; t++) {
            mark(map, w, 'o');
            mark(map, u, 'x');
            double[] dw = {100 * w[0], w[1]};
            double[] du = {100 * u[0], u[1]};
            for (int i = 0; i < 2; i++) {
                w[i] -= rate * dw[i];
                m[i] = 0.9 * m[i] + 0.1 * du[i];
                v[i] = 0.999 * v[i] + 0.001 * du[i] * du[i];
                u[i] -= 0.05
                        * (m[i] / (1 - StrictMath.pow(0.9, t)))
                        / (Math.sqrt(v[i] / (1 - StrictMath.pow(0.999, t))) + 1e-8);
            }
        }
        map[MIDDLE][CENTRE] = '+';
        for (char[] row : map) {
            page.say("  %s", new String(row));
        }
        page.say(
                "  a upwards, b to the right, + the lowest point; o plain steps of rate %s, x Adam of rate 0.05, %d steps each",
                rate, STEPS);
        page.say("  L = %.2g and %.2g", (100 * w[0] * w[0] + w[1] * w[1]) / 2, (100 * u[0] * u[0] + u[1] * u[1]) / 2);
        page.question(
                "plain steps change a by the factor 1 - 100 rate. Beyond which rate do they run away?",
                "rate=0.021",
                6);
    }

    private static void mark(char[][] map, double[] w, char c) {
        long row = Math.round(MIDDLE - w[0] * MIDDLE);
        long col = Math.round(CENTRE + w[1] * CENTRE);
        if (row >= 0 && row < HEIGHT && col >= 0 && col < WIDTH) {
            map[(int) row][(int) col] = c;
        }
    }
}
