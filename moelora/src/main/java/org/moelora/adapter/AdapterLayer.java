package org.moelora.adapter;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Softmax;
import org.moelora.engine.ops.TopK;

/**
 * The adapter beside one linear: {@code y = W0 x + s sum_e g_e(x) B_e A_e x}, computed as {@code U = x A^T},
 * {@code y = W0 x + s (U .* expand(g)) B^T} with the experts stacked, so that E experts of rank r cost what one LoRA of rank E r costs.
 *
 * @param site the linear
 * @param a A_1 to A_E stacked, [E r, in]
 * @param b B_1 to B_E side by side, [out, E r]
 * @param router W_g [E, in]; null without a mixture
 */
record AdapterLayer(
        LinearSite site,
        AdapterConfig config,
        Parameter a,
        Parameter b,
        @Nullable Parameter router) {
    /** The linear's name. */
    String module() {
        return site.name();
    }

    /**
     * @param x [T, in]
     * @param y0 {@code W0 x}, [T, out]; taken over
     */
    Tensor apply(Tape tape, AdapterPass pass, Tensor x, Tensor y0) {
        float scale = (float) config.scale(site);
        Tensor u = Linear.apply(tape, pass.dropout(tape, site.name(), x, config.dropout()), a, null);
        GatePolicy policy = config.gate();
        if (router == null || policy == null) {
            return GatedUpdate.apply(tape, y0, u, null, b, scale);
        }
        Tensor p = Softmax.apply(tape, Linear.apply(tape, x, router, null));
        TopK routing = policy.apply(tape, p);
        pass.routed(tape, site.name(), p, u, b, routing);
        return GatedUpdate.apply(tape, y0, u, routing.gate(), b, scale);
    }
}
