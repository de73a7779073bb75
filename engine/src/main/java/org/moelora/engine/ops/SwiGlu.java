package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

/** {@code y = silu(gate) .* up}, {@code silu(a) = a sigmoid(a)}: Shazeer 2020, arXiv 2002.05202. */
public final class SwiGlu {
    private SwiGlu() {}

    public static Tensor apply(Tape tape, Tensor gate, Tensor up) {
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("swiglu")
                .differentiable(gate, up)
                .recomputable()
                .forward(gate.shape(), (v, y) -> kernels.swiGlu(v.of(gate), v.of(up), y))
                // dup = dy silu(gate), dgate = dy up sigmoid(gate) (1 + gate (1 - sigmoid(gate)))
                .backward((v, dy, d) -> kernels.swiGluGrad(v.of(gate), v.of(up), dy, d.of(gate), d.of(up)));
    }
}
