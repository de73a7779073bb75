package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Sink;

/** {@code y = sum_n weight_n x_n} over tensors of one shape: how the terms of a loss come together. */
public final class WeightedSum {
    private WeightedSum() {}

    public static Tensor apply(Tape tape, Tensor[] terms, float[] weights) {
        if (terms.length == 0 || terms.length != weights.length) {
            throw new IllegalArgumentException(terms.length + " terms with " + weights.length + " weights");
        }
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("weighted sum")
                .differentiable(terms)
                .forward(terms[0].shape(), (v, y) -> {
                    for (int n = 0; n < terms.length; n++) {
                        kernels.scale(weights[n], v.of(terms[n]), n == 0 ? y : Sink.onto(y));
                    }
                })
                // dx_n = weight_n dy
                .backward((v, dy, d) -> {
                    for (int n = 0; n < terms.length; n++) {
                        kernels.scale(weights[n], dy, d.of(terms[n]));
                    }
                });
    }
}
