package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Memory;

/** {@code y = silu(gate) .* up}, {@code silu(a) = a sigmoid(a)}: Shazeer 2020, arXiv 2002.05202. */
public final class SwiGlu {
    private SwiGlu() {}

    public static Tensor apply(Tape tape, Tensor gate, Tensor up) {
        boolean records = tape.records(gate, up);
        Tensor y = tape.tensor(records, gate.shape());
        Runnable forward = () -> tape.kernels().elementwise().swiGlu(gate.memory(), up.memory(), y.memory());
        forward.run();
        if (records) {
            tape.remake(y, forward);
            tape.record("swiglu", y, () -> backward(tape, gate, up, y), gate, up);
        }
        return y;
    }

    /** {@code dup = dy silu(gate)}, {@code dgate = dy up sigmoid(gate) (1 + gate (1 - sigmoid(gate)))}. */
    private static void backward(Tape tape, Tensor gate, Tensor up, Tensor y) {
        Tape.Grad dGate = tape.grad(gate);
        Tape.Grad dUp = tape.grad(up);
        // The kernel computes both; what nobody wants goes to scratch.
        try (Memory unwanted =
                tape.scratch(dGate == null || dUp == null ? y.shape().size() : 0)) {
            tape.kernels()
                    .elementwise()
                    .swiGluGrad(
                            gate.memory(),
                            up.memory(),
                            tape.gradOf(y),
                            dGate == null ? unwanted : dGate.memory(),
                            dGate != null && dGate.accumulate(),
                            dUp == null ? unwanted : dUp.memory(),
                            dUp != null && dUp.accumulate());
        }
    }
}
