package org.moelora.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.moelora.engine.Tensor;

/**
 * Measures what {@link Router.Prompt} takes away from every prompt: for each adapted linear the mean c of {@code h_r / rms(h_r)} over rows r, and its
 * mean square deviation v over rows and components; and what the prompts look like, by which adapters that learned one after another share them
 * ({@link MoeLora#grow}). In double, in the order of the rows. Used by one thread, once.
 */
public final class RouterStatistics {
    /** The rows that are looked at, at most: the mean of so many is within a twentieth of a deviation of the mean of all. */
    public static final int ROWS = 512;

    private final Adapter adapter;
    private final double rms;
    private final Map<String, Sums> sums = new HashMap<>();
    private final List<float[]> prompts = new ArrayList<>();

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

    /** Begins. Under another router only what the prompts look like is measured. */
    public static RouterStatistics of(Adapter adapter) {
        return new RouterStatistics(
                adapter, adapter.config().router() instanceof Router.Prompt prompt ? prompt.rms() : 0);
    }

    /** Sees the features of rows before their statistics are known. */
    interface Calibration {
        /**
         * @param module the linear's name
         * @param h [R, in], the sum of its input over each row's prompt, of root mean square 1
         */
        void pooled(String module, Tensor h);

        /**
         * @param sums [R, hidden], the sum of the tokens' embeddings over each row's prompt
         */
        void embedded(float[] sums, int hidden);
    }

    /** A pass whose rows are counted. Rows without a prompt are not. */
    public AdapterPass pass() {
        return AdapterPass.calibrating(new Calibration() {
            @Override
            public void pooled(String module, Tensor h) {
                add(sums.computeIfAbsent(module, name -> new Sums(h.shape().cols())), h.toArray());
            }

            @Override
            public void embedded(float[] ofPrompts, int hidden) {
                KnownPrompts.embeddings(ofPrompts, hidden).stream()
                        .filter(Objects::nonNull)
                        .forEach(prompts::add);
            }
        });
    }

    private static void add(Sums sum, float[] values) {
        int width = sum.of.length;
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
    }

    /** Gives the adapter what was measured: nothing where no row had a prompt, and a scale of the given root mean square where all were alike. */
    public void finish() {
        if (!prompts.isEmpty()) {
            adapter.knows(KnownPrompts.of(prompts));
        }
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
            AdapterLayer layer = Objects.requireNonNull(adapter.layers().get(module));
            layer.statistic(Router.Prompt.SCALE).set(scales);
            layer.statistic(Router.Prompt.CENTRE).set(centre);
        });
    }
}
