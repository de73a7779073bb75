package org.moelora.cli;

import java.nio.charset.Charset;
import java.util.List;
import org.moelora.train.RunSummary;

/** A course of losses in one line of text. */
final class Sparkline {
    private static final String LEVELS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
    private static final String PLAIN_LEVELS = "_.-=+*#@";

    private Sparkline() {}

    /**
     * Means of stretches of equal length, from the lowest to the highest of them.
     *
     * @param width most characters
     */
    static String of(List<RunSummary.Point> points, int width, Charset charset) {
        String levels = charset.newEncoder().canEncode(LEVELS) ? LEVELS : PLAIN_LEVELS;
        double[] means = means(points, Math.min(width, points.size()));
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double mean : means) {
            least = Math.min(least, mean);
            most = Math.max(most, mean);
        }
        StringBuilder line = new StringBuilder();
        for (double mean : means) {
            int level = most > least ? (int) Math.round((mean - least) / (most - least) * (levels.length() - 1)) : 0;
            line.append(levels.charAt(level));
        }
        return line.toString();
    }

    private static double[] means(List<RunSummary.Point> points, int count) {
        double[] means = new double[count];
        for (int i = 0; i < count; i++) {
            means[i] = mean(points.subList(
                    (int) ((long) points.size() * i / count), (int) ((long) points.size() * (i + 1) / count)));
        }
        return means;
    }

    static double mean(List<RunSummary.Point> points) {
        return points.stream().mapToDouble(RunSummary.Point::loss).average().orElse(Double.NaN);
    }
}
