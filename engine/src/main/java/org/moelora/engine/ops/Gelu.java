package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Elementwise;

/**
 * {@code y = x (1 + tanh z) / 2}, {@code z = sqrt(2 / pi) (x + 0.044715 x^3)}: Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2. Hugging Face
 * names it {@code gelu_new} and {@code gelu_pytorch_tanh}.
 */
public final class Gelu {
    private Gelu() {}

    public static Tensor apply(Tape tape, Tensor x) {
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("gelu")
                .differentiable(x)
                .recomputable()
                .forward(x.shape(), (v, y) -> kernels.activate(Activation.GELU, v.of(x), y))
                // dx = dy ((1 + tanh z) / 2 + x (1 - tanh^2 z) z' / 2)
                .backward((v, dy, d) -> kernels.activateGrad(Activation.GELU, v.of(x), dy, d.of(x)));
    }
}
