package org.moelora.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.io.JsonObject;

/** How rotary frequencies are stretched so that a model reads texts longer than those it was first trained on. */
public sealed interface RopeScaling {
    /** The stretched frequencies; the argument stays as it is. */
    double[] apply(double[] frequencies);

    /** Position interpolation (Chen et al. 2023, arXiv 2306.15595): every frequency divided by the factor. */
    record Linear(double factor) implements RopeScaling {
        @Override
        public double[] apply(double[] frequencies) {
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] /= factor;
            }
            return scaled;
        }
    }

    /**
     * Llama 3.1's scaling (Grattafiori et al. 2024, arXiv 2407.21783, as in Meta's reference code): with wavelength
     * {@code w = 2 pi / f} and original context n, frequencies with {@code w < n / highFactor} stay, those with {@code w > n / lowFactor} are divided
     * by the factor, and in between the two are mixed by {@code (n / w - lowFactor) / (highFactor - lowFactor)}.
     */
    record Llama3(double factor, double lowFactor, double highFactor, double originalPositions) implements RopeScaling {
        @Override
        public double[] apply(double[] frequencies) {
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                double wavelength = 2 * Math.PI / frequencies[i];
                double smooth = (originalPositions / wavelength - lowFactor) / (highFactor - lowFactor);
                double kept = Math.clamp(smooth, 0, 1);
                scaled[i] = (1 - kept) * frequencies[i] / factor + kept * frequencies[i];
            }
            return scaled;
        }
    }

    /**
     * Every frequency divided by a factor of its own, as GGUF files keep Llama 3.1's scaling.
     *
     * @param factors one for each pair of features
     */
    record Factors(List<Float> factors) implements RopeScaling {
        public Factors {
            factors = List.copyOf(factors);
        }

        @Override
        public double[] apply(double[] frequencies) {
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] /= factors.get(i);
            }
            return scaled;
        }
    }

    /** The scaling that {@code rope_scaling} or {@code rope_parameters} of a {@code config.json} asks for, null for none. */
    static @Nullable RopeScaling read(JsonObject json) {
        if (json.number("partial_rotary_factor", 1) != 1) {
            throw json.error("partial_rotary_factor", "1: turning a part of each head is not supported");
        }
        String type = json.string("rope_type", json.string("type", "default"));
        return switch (type) {
            case "default" -> null;
            case "linear" -> new Linear(positive(json, "factor"));
            case "llama3" -> {
                double low = positive(json, "low_freq_factor");
                double high = positive(json, "high_freq_factor");
                if (high <= low) {
                    throw json.error("high_freq_factor", "more than low_freq_factor, " + low);
                }
                yield new Llama3(
                        positive(json, "factor"), low, high, positive(json, "original_max_position_embeddings"));
            }
            default -> throw json.error(json.has("rope_type") ? "rope_type" : "type", "default, linear or llama3");
        };
    }

    private static double positive(JsonObject json, String name) {
        double value = json.number(name);
        if (!(value > 0 && value < 1e12)) {
            throw json.error(name, "a number above 0 and below 1e12");
        }
        return value;
    }
}
