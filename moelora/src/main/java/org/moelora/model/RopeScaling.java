package org.moelora.model;

import java.util.List;

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
}
