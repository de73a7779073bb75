package org.moelora.kernels;

/**
 * A function of one number, {@code y = f(x)}, which a model puts between two linears: its definition in double, from which {@link Elementwise#activate}
 * and its backward pass follow. Devices compute the same in F32.
 */
public enum Activation {
    /**
     * GELU in the form with tanh (Hendrycks and Gimpel 2016, arXiv 1606.08415, 2): {@code f(x) = x (1 + tanh z) / 2},
     * {@code z = sqrt(2 / pi) (x + 0.044715 x^3)}; {@code f'(x) = (1 + tanh z) / 2 + x (1 - tanh^2 z) z' / 2}.
     */
    GELU {
        private static final double SCALE = Math.sqrt(2 / Math.PI);
        private static final double CUBE = 0.044715;

        @Override
        public double value(double x) {
            return x * (1 + Math.tanh(SCALE * (x + CUBE * x * x * x))) / 2;
        }

        @Override
        public double slope(double x) {
            double tanh = Math.tanh(SCALE * (x + CUBE * x * x * x));
            double inner = SCALE * (1 + 3 * CUBE * x * x);
            return (1 + tanh) / 2 + x * (1 - tanh * tanh) * inner / 2;
        }
    },

    /** Squared ReLU (So et al. 2021, arXiv 2109.08668): {@code f(x) = max(x, 0)^2}, {@code f'(x) = 2 max(x, 0)}. */
    SQUARED_RELU {
        @Override
        public double value(double x) {
            return Math.max(x, 0) * Math.max(x, 0);
        }

        @Override
        public double slope(double x) {
            return 2 * Math.max(x, 0);
        }
    };

    /** {@code f(x)}. */
    public abstract double value(double x);

    /** {@code f'(x)}. */
    public abstract double slope(double x);
}
