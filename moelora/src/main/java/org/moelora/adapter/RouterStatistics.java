package org.moelora.adapter;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Measures what {@link Router.Prompt} takes away from every prompt: for each adapted linear the mean c of {@code h_r / rms(h_r)} over rows r, and its
 * mean square deviation v over rows and components. In double, in the order of the rows. Used by one thread, once.
 */
public final class RouterStatistics {
    /** The rows that are looked at, at most: the mean of so many is within a twentieth of a deviation of the mean of all. */
    public static final int ROWS = 512;

    private final Adapter adapter;
    private final double rms;
    private final Map<String, Sums> sums = new HashMap<>();

    private static final class Sums {
        private final double[] of;
        private double squares;
        private long rows;

        Sums(int width) {
            of = new double[width];
        }
    }

    private RouterStatistics(Adapter adapter, double rms) {
        this.adapter = adapter;
        this.rms = rms;
    }

    /** Whether an adapter's router needs statistics that it does not have yet. */
    public static boolean areMissing(Adapter adapter) {
        return adapter.config().router() instanceof Router.Prompt
                && adapter.layers().values().stream().anyMatch(RouterStatistics::isUnset);
    }

    private static boolean isUnset(AdapterLayer layer) {
        for (float value : layer.statistic(Router.Prompt.SCALE).toArray()) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Begins.
     *
     * @throws IllegalArgumentException if the adapter's router has none
     */
    public static RouterStatistics of(Adapter adapter) {
        if (!(adapter.config().router() instanceof Router.Prompt prompt)) {
            throw new IllegalArgumentException("only a router of prompts has statistics");
        }
        return new RouterStatistics(adapter, prompt.rms());
    }

    /** A pass whose rows are counted. Rows without a prompt are not. */
    public AdapterPass pass() {
        return AdapterPass.calibrating((module, h) -> {
            int width = h.shape().cols();
            float[] values = h.toArray();
            Sums sum = sums.computeIfAbsent(module, name -> new Sums(width));
            for (int from = 0; from < values.length; from += width) {
                double square = 0;
                for (int i = 0; i < width; i++) {
                    square += (double) values[from + i] * values[from + i];
                }
                // 0 without a prompt; NaN where the base itself overflows on a row, which training then names.
                if (square > 0 && square < Double.POSITIVE_INFINITY) {
                    for (int i = 0; i < width; i++) {
                        sum.of[i] += values[from + i];
                    }
                    sum.squares += square;
                    sum.rows++;
                }
            }
        });
    }

    /** Gives the adapter what was measured: nothing where no row had a prompt, and a scale of the given root mean square where all were alike. */
    public void finish() {
        sums.forEach((module, sum) -> {
            if (sum.rows == 0) {
                return;
            }
            int width = sum.of.length;
            double ofMean = 0;
            for (double value : sum.of) {
                ofMean += value / sum.rows * (value / sum.rows);
            }
            double variance = (sum.squares / sum.rows - ofMean) / width;
            // Equal prompts have no deviation but rounding.
            double scale = variance > 1e-9 ? rms / Math.sqrt(variance) : rms;
            float[] scales = new float[width];
            Arrays.fill(scales, (float) scale);
            float[] centre = new float[width];
            for (int i = 0; i < width; i++) {
                centre[i] = (float) (scale * sum.of[i] / sum.rows);
            }
            AdapterLayer layer = adapter.layers().get(module);
            layer.statistic(Router.Prompt.SCALE).set(scales);
            layer.statistic(Router.Prompt.CENTRE).set(centre);
        });
    }
}
