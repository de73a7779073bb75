package org.moelora.learn;

import java.util.ArrayList;
import java.util.List;

/** Derivatives by a formula and by differences. */
final class Lesson04 {
    private Lesson04() {}

    static void tell(Page page) {
        double x = page.number("x", 1.5, -20, 20);
        int sides = page.whole("sides", 2, 1, 2);
        double sigmoid = 1 / (1 + StrictMath.exp(-x));
        double exact = sigmoid * (1 + x * (1 - sigmoid));
        page.say(
                "A model learns by asking of each of its numbers: if it were a little larger, would the loss be larger or smaller, and by how much? That is the slope of the loss, its derivative. For all numbers together it is called the gradient.");
        page.say(
                "An example: silu(x) = x sigmoid(x), with sigmoid(x) = 1 / (1 + exp(-x)), has the slope  sigmoid(x) (1 + x (1 - sigmoid(x))).");
        page.say("At x = %s it is %.12f.", x, exact);
        page.say("");
        page.say(
                "A formula may be wrong. So it is compared with the definition of a slope, for a small h:  (f(x + h) - f(%s)) / %s",
                sides == 1 ? "x" : "x - h", sides == 1 ? "h" : "2h");
        page.say("");
        page.say("    h      right digits");
        List<double[]> errors = new ArrayList<>();
        for (int e = 1; e <= 13; e++) {
            double h = StrictMath.pow(10, -e);
            double slope = sides == 1 ? (silu(x + h) - silu(x)) / h : (silu(x + h) - silu(x - h)) / (2 * h);
            double digits = Math.min(14, -StrictMath.log10(Math.abs(slope - exact) + 1e-16));
            errors.add(new double[] {h, Math.max(1e-16, Math.abs(slope - exact))});
            page.say("  1e-%02d   %4.1f  %s", e, digits, Page.bar(digits / 14, 42));
        }
        page.say("");
        page.say(
                "If h is large, the line misses the curve, by about %s. If h is small, two nearly equal numbers are subtracted, and their digits cancel. In between %s digits are right, enough to find a wrong sign or a wrong factor. This comparison is the gradient check.",
                sides == 1 ? "h" : "h^2", sides == 1 ? "eight" : "ten");
        draw(page, errors, sides);
        page.question(
                "how many digits are right at best with a difference to one side, (f(x + h) - f(x)) / h?",
                "sides=1",
                4);
    }

    private static void draw(Page page, List<double[]> errors, int sides) {
        Picture picture = page.picture(
                "The error of a slope by differences, " + (sides == 1 ? "to one side" : "to both sides"), 640, 340);
        Picture.Axes axes = new Picture.Axes(64, 60, 540, 230, 1e-13, 1e-1, true, 1e-13, 1, true);
        picture.frame(axes, "h", new double[] {1e-13, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 1e-1}, "error", new double[] {
            1e-12, 1e-9, 1e-6, 1e-3, 1
        });
        List<double[]> curve = new ArrayList<>();
        List<double[]> missed = new ArrayList<>();
        List<double[]> cancelled = new ArrayList<>();
        for (double[] error : errors) {
            curve.add(new double[] {axes.x(error[0]), axes.y(error[1])});
            double by = sides == 1 ? error[0] : error[0] * error[0];
            if (by >= 1e-13) {
                missed.add(new double[] {axes.x(error[0]), axes.y(by)});
            }
            cancelled.add(new double[] {axes.x(error[0]), axes.y(1e-16 / error[0])});
        }
        picture.curve(missed, "s1 dashed")
                .curve(cancelled.subList(2, cancelled.size()), "s2 dashed")
                .curve(curve, "s0");
        curve.forEach(point -> picture.dot(point[0], point[1], "c0"));
        picture.line(330, 40, 350, 40, "s1 dashed").text(356, 44, "quiet", sides == 1 ? "h" : "h^2");
        picture.line(400, 40, 420, 40, "s2 dashed").text(426, 44, "quiet", "1e-16 / h: digits that cancel");
    }

    private static double silu(double x) {
        return x / (1 + StrictMath.exp(-x));
    }
}
