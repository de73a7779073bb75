package org.moelora.adapter;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Linear;

/** How an adapted linear is composed of W0 and the update of its {@link AdapterLayer}. */
@FunctionalInterface
interface Composition {
    /** LoRA and its mixtures: {@code y = W0 x + bias + s sum_e g_e(x) B_e A_e x}. */
    Composition SUM =
            (tape, pass, layer, x, w, bias) -> layer.update(tape, pass, x, Linear.apply(tape, x, w, bias), false);

    /**
     * @param x [T, in]
     * @param w W0
     * @return [T, out]
     */
    Tensor apply(Tape tape, AdapterPass pass, AdapterLayer layer, Tensor x, Weight w, @Nullable Tensor bias);
}
