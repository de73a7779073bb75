package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * {@code y = x (1 + tanh z) / 2}, {@code z = sqrt(2 / pi) (x + 0.044715 x^3)}: Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2. Hugging Face
 * names it {@code gelu_new} and {@code gelu_pytorch_tanh}.
 */
public final class Gelu {
    private Gelu() {}

    public static Tensor apply(Tape tape, Tensor x) {
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, x.shape());
        Runnable forward = () -> tape.kernels().elementwise().gelu(x.memory(), y.memory());
        forward.run();
        if (records) {
            tape.remake(y, forward);
            tape.record("gelu", y, () -> backward(tape, x, y), x);
        }
        return y;
    }

    /** {@code dx = dy ((1 + tanh z) / 2 + x (1 - tanh^2 z) z' / 2)}. */
    private static void backward(Tape tape, Tensor x, Tensor y) {
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            tape.kernels().elementwise().geluGrad(x.memory(), tape.gradOf(y), dx.memory(), dx.accumulate());
        }
    }
}
