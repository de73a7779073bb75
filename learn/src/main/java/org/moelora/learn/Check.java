package org.moelora.learn;

import static org.moelora.learn.MoeLora.dot;
import static org.moelora.learn.MoeLora.normal;
import static org.moelora.learn.MoeLora.plus;
import static org.moelora.learn.MoeLora.times;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.function.BinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/** What each exercise has to fulfil. A method returns a line that begins with "green", or throws an {@link AssertionError} that says what is wrong. */
public final class Check {
    private static final double TOLERANCE = 1e-6;

    private Check() {}

    /** Exercise 1: {@code c = a b}. */
    public static String product(BinaryOperator<double[][]> product) {
        double[][] a = {{1, 2}, {3, 4}, {5, 6}};
        double[][] b = {{1, 0, 2}, {0, 1, 3}};
        same("(1 2; 3 4; 5 6) (1 0 2; 0 1 3)", product.apply(a, b), new double[][] {{1, 2, 8}, {3, 4, 18}, {5, 6, 28}});
        Random random = new Random(1);
        double[][] x = normal(5, 7, 1, random);
        double[][] y = normal(7, 3, 1, random);
        same("a random 5 x 7 times 7 x 3", product.apply(x, y), times(1, x, y));
        return "green: three loops";
    }

    /** Of exercise 2. */
    @FunctionalInterface
    public interface Intensity {
        /** Operations per byte of a product {@code [m, k] x [k, n]}. */
        double of(int m, int k, int n, int bytes);
    }

    /** Exercise 2: {@code 2 m k n} operations on each number fetched or stored once. */
    public static String intensity(Intensity intensity) {
        same("1 x 1 x 1 with 4 bytes", intensity.of(1, 1, 1, 4), 2.0 / 12);
        same(
                "1 x 2048 x 2048 with 4 bytes",
                intensity.of(1, 2048, 2048, 4),
                2.0 * 2048 * 2048 / (4.0 * (4096 + 2048 * 2048)));
        same(
                "1000 x 70000 x 70000 with 2 bytes",
                intensity.of(1000, 70_000, 70_000, 2),
                9.8e12 / (2 * (1.4e8 + 4.9e9)));
        return "green: operations per byte, of large products too";
    }

    /** Exercise 3: {@code p_i = exp(l_i) / sum_j exp(l_j)}. */
    public static String softmax(UnaryOperator<double[]> softmax) {
        same("softmax(1, 2, 3)", softmax.apply(new double[] {1, 2, 3}), MoeLora.softmax(new double[][] {{1, 2, 3}})[0]);
        same(
                "softmax(1001, 1002, 1003)",
                softmax.apply(new double[] {1001, 1002, 1003}),
                MoeLora.softmax(new double[][] {{1, 2, 3}})[0]);
        same("softmax(-5000, -5000)", softmax.apply(new double[] {-5000, -5000}), new double[] {0.5, 0.5});
        return "green: probabilities, of large logits too";
    }

    /** Exercise 4: the derivative of {@code tanh(x)}. */
    public static String slope(DoubleUnaryOperator slope) {
        for (double at : new double[] {-2, -0.3, 0, 0.7, 3}) {
            double[][] x = {{at}};
            double expected = FiniteDifferences.of(x, () -> StrictMath.tanh(x[0][0]))[0][0];
            same("the slope of tanh at " + at, slope.applyAsDouble(at), expected);
        }
        return "green: the slope";
    }

    /** Exercise 5: {@code dx = y .* (dy - <y, dy>)} for {@code y = softmax(x)}. */
    public static String softmaxBackward(BinaryOperator<double[]> backward) {
        double[][] x = {{0.3, -1, 2, 0.5}};
        double[] dy = {1, -2, 0.5, 3};
        double[][] expected = FiniteDifferences.of(x, () -> dot(MoeLora.softmax(x)[0], dy));
        double[][] dx = {backward.apply(MoeLora.softmax(x)[0], dy)};
        double off = FiniteDifferences.distance(dx, expected);
        if (!(off < TOLERANCE)) {
            throw wrong(
                    "softmax: dx is off by %.2f of its norm: it is %s; expected %s",
                    off, text(dx[0]), text(expected[0]));
        }
        return "green: back through softmax";
    }

    /** Of exercise 6. */
    @FunctionalInterface
    public interface Step {
        /** The weight after step t, from 1; m and v are in the array and are updated. */
        double of(double w, double dw, double[] mv, int t);
    }

    /** Exercise 6: AdamW with the rate 0.1, the decay 0.01, and the usual 0.9, 0.999 and 1e-8. */
    public static String adamW(Step step) {
        same("w = 2 after the first step with the slope 5", step.of(2, 5, new double[2], 1), 2 - 0.1 * 0.01 * 2 - 0.1);
        double w = 1;
        double expected = 1;
        double[] mv = new double[2];
        double m = 0;
        double v = 0;
        for (int t = 1; t <= 20; t++) {
            double dw = StrictMath.sin(t);
            w = step.of(w, dw, mv, t);
            m = 0.9 * m + 0.1 * dw;
            v = 0.999 * v + 0.001 * dw * dw;
            double mean = m / (1 - StrictMath.pow(0.9, t));
            expected -= 0.1 * 0.01 * expected + 0.1 * mean / (Math.sqrt(v / (1 - StrictMath.pow(0.999, t))) + 1e-8);
            same("w after " + t + " steps", w, expected);
        }
        return "green: AdamW";
    }

    /** Exercise 7: {@code p_ij = softmax over j <= i of <q_i, k_j> / sqrt(d)}, else 0. */
    public static String attention(BinaryOperator<double[][]> attention) {
        Random random = new Random(7);
        double[][] q = normal(5, 16, 1, random);
        double[][] k = normal(5, 16, 1, random);
        double[][] p = attention.apply(q, k);
        for (int i = 0; i < 5; i++) {
            double[][] scores = {new double[i + 1]};
            for (int j = 0; j <= i; j++) {
                scores[0][j] = dot(q[i], k[j]) / 4;
            }
            double[] expected = Arrays.copyOf(MoeLora.softmax(scores)[0], 5);
            same("token " + i + " of five, of d = 16, looks", p[i], expected);
        }
        return "green: attention, not ahead and not too sure";
    }

    /** Of exercise 8. */
    @FunctionalInterface
    public interface Rotation {
        /** A pair turned by an angle. */
        double[] of(double[] pair, double angle);
    }

    /** Exercise 8: {@code (x cos - y sin, y cos + x sin)}. */
    public static String rotation(Rotation rotation) {
        same("(1, 0) turned by a quarter", rotation.of(new double[] {1, 0}, Math.PI / 2), new double[] {0, 1});
        double[] q = {0.6, -1.1};
        double[] k = {2, 0.4};
        for (int shift = 0; shift < 50; shift += 7) {
            double here = dot(rotation.of(q, 5.0 + shift), rotation.of(k, 2.0 + shift));
            same("<q, k> at the positions " + (5 + shift) + " and " + (2 + shift), here, dot(rotation.of(q, 3), k));
        }
        return "green: the score depends on the distance alone";
    }

    /** Of exercise 9. */
    @FunctionalInterface
    public interface Average {
        /** A and B of an adapter that is the mean of two. */
        double[][][] of(double[][] a1, double[][] b1, double[][] a2, double[][] b2);
    }

    /** Exercise 9: {@code B A = (B1 A1 + B2 A2) / 2}. */
    public static String average(Average average) {
        Random random = new Random(9);
        double[][] a1 = normal(2, 6, 1, random);
        double[][] b1 = normal(5, 2, 1, random);
        double[][] a2 = normal(3, 6, 1, random);
        double[][] b2 = normal(5, 3, 1, random);
        double[][][] same = average.of(a1, b1, a1, b1);
        same("the mean of an adapter and itself", times(1, same[1], same[0]), times(1, b1, a1));
        double[][] turned = plus(normal(2, 6, 0, random), -1, a1);
        double[][][] signs = average.of(a1, b1, turned, plus(normal(5, 2, 0, random), -1, b1));
        same("the mean of B A and (-B)(-A)", times(1, signs[1], signs[0]), times(1, b1, a1));
        double[][][] mean = average.of(a1, b1, a2, b2);
        same(
                "the mean of rank 2 and rank 3",
                times(1, mean[1], mean[0]),
                plus(times(0.5, b1, a1), 0.5, times(1, b2, a2)));
        return "green: nothing is lost";
    }

    /** Of exercise 10. */
    @FunctionalInterface
    public interface Gates {
        /** The gates of one token. */
        double[] of(double[] p, int k);
    }

    /** Exercise 10: of the k largest {@code p_e / sum}, else 0; of equals the lower. */
    public static String gates(Gates gates) {
        same("gates of (0.4, 0.3, 0.2, 0.1), k = 2", gates.of(new double[] {0.4, 0.3, 0.2, 0.1}, 2), new double[] {
            4.0 / 7, 3.0 / 7, 0, 0
        });
        same("gates of (0.1, 0.2, 0.3, 0.4), k = 3", gates.of(new double[] {0.1, 0.2, 0.3, 0.4}, 3), new double[] {
            0, 2.0 / 9, 3.0 / 9, 4.0 / 9
        });
        same(
                "gates of (0.25, 0.25, 0.25, 0.25), k = 2",
                gates.of(new double[] {0.25, 0.25, 0.25, 0.25}, 2),
                new double[] {0.5, 0.5, 0, 0});
        return "green: gates, and ties";
    }

    /** Of exercise 11. */
    @FunctionalInterface
    public interface Balance {
        /** The loss of tokens with probabilities {@code p [T, E]} that chose {@code [T, k]}. */
        double of(double[][] p, int[][] chosen);
    }

    /** Exercise 11: {@code E sum_e f_e P_e}. */
    public static String balance(Balance balance) {
        double[][] even = {{0.25, 0.25, 0.25, 0.25}, {0.25, 0.25, 0.25, 0.25}};
        same("two tokens that share four experts", balance.of(even, new int[][] {{0, 1}, {2, 3}}), 1);
        double[][] one = {{0.5, 0.5, 0, 0}, {0.5, 0.5, 0, 0}};
        same("two tokens that use the same two of four", balance.of(one, new int[][] {{0, 1}, {0, 1}}), 2);
        double[][] some = {{0.7, 0.2, 0.1}, {0.1, 0.3, 0.6}};
        same("some tokens", balance.of(some, new int[][] {{0}, {2}}), 3 * (0.5 * 0.4 + 0.5 * 0.35));
        return "green: 1 when balanced, E / k when not at all";
    }

    /** Of exercise 12. */
    @FunctionalInterface
    public interface RouterBackward {
        /** The slope of the logits, from that of the gates. */
        double[] of(double[] p, int[] chosen, double[] dg);
    }

    /** Exercise 12: back from the gates of the chosen experts to the router's logits. */
    public static String routerBackward(RouterBackward backward) {
        double[] p = {0.4, 0.3, 0.2, 0.1};
        double[] dl = backward.of(p, new int[] {0, 1}, new double[] {1, -1, -3, 0});
        same("the example of lesson 10", dl, new double[] {24.0 / 49, -24.0 / 49, 0, 0});
        double[][] logits = {{0.2, 1.3, -0.4, 0.9, -2}};
        double[] dg = {0.3, -1, 2, 0.7, 5};
        int[] chosen = {0, 1, 3};
        double[][] expected = FiniteDifferences.of(logits, () -> {
            double[] q = MoeLora.softmax(logits)[0];
            double sum = q[0] + q[1] + q[3];
            return (dg[0] * q[0] + dg[1] * q[1] + dg[3] * q[3]) / sum;
        });
        same("five experts, three chosen", backward.of(MoeLora.softmax(logits)[0], chosen, dg), expected[0]);
        return "green: the router learns";
    }

    private static void same(String what, double actual, double expected) {
        if (!(Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
            throw wrong("%s is %s; expected %s", what, text(actual), text(expected));
        }
    }

    private static void same(String what, double[] actual, double[] expected) {
        boolean right = actual.length == expected.length;
        for (int i = 0; right && i < actual.length; i++) {
            right = Math.abs(actual[i] - expected[i]) <= TOLERANCE * Math.max(1, Math.abs(expected[i]));
        }
        if (!right) {
            throw wrong("%s is %s; expected %s", what, text(actual), text(expected));
        }
    }

    private static void same(String what, double[][] actual, double[][] expected) {
        if (actual.length != expected.length) {
            throw wrong("%s has %d rows; expected %d", what, actual.length, expected.length);
        }
        for (int i = 0; i < expected.length; i++) {
            same(what + ": row " + i, actual[i], expected[i]);
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    private static AssertionError wrong(String format, Object... values) {
        return new AssertionError(String.format(Locale.ROOT, format, values));
    }

    private static String text(double... values) {
        StringBuilder text = new StringBuilder();
        for (double value : values) {
            text.append(text.isEmpty() ? "" : ", ").append(String.format(Locale.ROOT, "%.4f", value));
        }
        return values.length == 1 ? text.toString() : "(" + text + ")";
    }
}
