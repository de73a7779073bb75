package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code y = sum_n weight_n x_n} over tensors of one shape: how the terms of a loss come together. */
public final class WeightedSum {
    private WeightedSum() {}

    public static Tensor apply(Tape tape, Tensor[] terms, float[] weights) {
        if (terms.length == 0 || terms.length != weights.length) {
            throw new IllegalArgumentException(terms.length + " terms with " + weights.length + " weights");
        }
        Shape shape = terms[0].shape();
        boolean records = tape.records(terms);
        Tensor y = tape.tensor(records, shape);
        for (int n = 0; n < terms.length; n++) {
            tape.kernels().elementwise().scale(weights[n], terms[n].memory(), y.memory(), n > 0);
        }
        if (records) {
            // dx_n = weight_n dy
            tape.record("weighted sum", y, () -> {
                for (int n = 0; n < terms.length; n++) {
                    Tape.Grad dx = tape.grad(terms[n]);
                    if (dx != null) {
                        tape.kernels().elementwise().scale(weights[n], tape.gradOf(y), dx.memory(), dx.accumulate());
                    }
                }
            });
        }
        return y;
    }
}
