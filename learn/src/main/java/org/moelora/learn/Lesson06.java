package org.moelora.learn;

import java.util.ArrayList;
import java.util.List;

/** Plain steps down the slope, and AdamW. */
final class Lesson06 {
    private static final int WIDTH = 57;
    private static final int HEIGHT = 13;
    private static final int MIDDLE = HEIGHT / 2;
    private static final int CENTRE = WIDTH / 2;
    private static final int STEPS = 60;

    private Lesson06() {}

    static void tell(Page page) {
        double rate = page.number("rate", 0.019, 0, 1);
        page.say(
                "Once the slopes are known, every number takes a step down:  w -= rate dw.  That is slow in a ravine such as L = (100 a^2 + b^2) / 2, which is steep in a and flat in b, because a rate that is small enough for a is far too small for b. Adam divides each slope by its usual size, and so takes steps of about the same length in a and in b. At step t:");
        page.say(
                "  m = 0.9 m + 0.1 dw,  v = 0.999 v + 0.001 dw^2,  w -= rate (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)");
        page.say(
                "AdamW also makes each weight a little smaller in each step, by  rate decay w.  (The W stands for this weight decay.)");
        page.say("");
        char[][] map = new char[HEIGHT][WIDTH];
        for (char[] row : map) {
            java.util.Arrays.fill(row, '·');
        }
        double[] w = {0.9, 1};
        double[] u = {0.9, 1};
        double[] m = new double[2];
        double[] v = new double[2];
        List<double[]> plain = new ArrayList<>();
        List<double[]> adam = new ArrayList<>();
        for (int t = 1; t <= STEPS; t++) {
            mark(map, w, 'o');
            mark(map, u, 'x');
            plain.add(w.clone());
            adam.add(u.clone());
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
                "  a upwards, b to the right, + the lowest point; o plain steps of rate %s, x Adam with the rate 0.05, %d steps each",
                rate, STEPS);
        page.say(
                "  L is %.2g after the plain steps, and %.2g after Adam's",
                (100 * w[0] * w[0] + w[1] * w[1]) / 2, (100 * u[0] * u[0] + u[1] * u[1]) / 2);
        draw(page, rate, plain, adam);
        page.question(
                "each plain step multiplies a by 1 - 100 rate. How large is L after 60 steps of a rate just above 0.02?",
                "rate=0.021",
                6);
    }

    private static void draw(Page page, double rate, List<double[]> plain, List<double[]> adam) {
        Picture picture = page.picture("Two ways down a ravine, L = (100 a^2 + b^2) / 2", 640, 320);
        Picture.Axes axes = new Picture.Axes(64, 60, 540, 210, -1.2, 1.2, false, -1, 1, false);
        picture.frame(axes, "b", new double[] {-1, 0, 1}, "a", new double[] {-1, 0, 1});
        for (double level : new double[] {0.5, 5, 20, 45}) { // L is the same all along an ellipse
            List<double[]> ellipse = new ArrayList<>();
            for (int i = 0; i <= 720; i++) {
                double angle = i * Math.PI / 360;
                double b = Math.sqrt(2 * level) * StrictMath.cos(angle);
                if (Math.abs(b) <= 1.2) {
                    ellipse.add(new double[] {axes.x(b), axes.y(Math.sqrt(2 * level / 100) * StrictMath.sin(angle))});
                } else if (!ellipse.isEmpty()) {
                    picture.curve(List.copyOf(ellipse), "grid");
                    ellipse.clear();
                }
            }
            picture.curve(ellipse, "grid");
        }
        int at = 0;
        for (List<double[]> way : List.of(plain, adam)) {
            List<double[]> points = new ArrayList<>();
            for (double[] w : way) {
                points.add(new double[] {axes.x(w[1]), axes.y(w[0])});
            }
            picture.curve(points, "thin s" + at);
            for (double[] point : points) {
                picture.dot(point[0], point[1], "dotted c" + at);
            }
            at++;
        }
        picture.dot(300, 40, "c0").text(310, 44, "quiet", "plain steps, rate " + rate);
        picture.dot(460, 40, "c1").text(470, 44, "quiet", "Adam, rate 0.05");
    }

    private static void mark(char[][] map, double[] w, char c) {
        long row = Math.round(MIDDLE - w[0] * MIDDLE);
        long col = Math.round(CENTRE + w[1] * CENTRE);
        if (row >= 0 && row < HEIGHT && col >= 0 && col < WIDTH) {
            map[(int) row][(int) col] = c;
        }
    }
}
