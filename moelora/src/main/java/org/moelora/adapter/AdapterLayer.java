package org.moelora.adapter;

import java.util.Map;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Repeat;

/**
 * The adapter beside one linear: {@code y = W0 x + s sum_e g_e(x) B_e A_e x}, computed as {@code U = x A^T},
 * {@code y = W0 x + s (U .* expand(g)) B^T} with the experts stacked, so that E experts of rank r cost what one LoRA of rank E r costs.
 *
 * @param site the linear
 * @param a A_1 to A_E stacked, [E r, in]; a shared A is one, [r, in]
 * @param b B_1 to B_E side by side, [out, E r]
 * @param gateParameters the policy's, by name; none without a mixture
 */
record AdapterLayer(
        LinearSite site, AdapterConfig config, Parameter a, Parameter b, Map<String, Parameter> gateParameters) {
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
        Tensor own = Linear.apply(tape, pass.dropout(tape, site.name(), x, config.dropout()), a, null);
        GatePolicy policy = config.gate();
        if (policy == null) {
            return GatedUpdate.apply(tape, y0, own, null, b, scale);
        }
        Tensor u = config.sharedA() ? Repeat.apply(tape, own, config.experts(site)) : own;
        Routing routing = policy.apply(tape, pass, x, gateParameters);
        pass.routed(tape, site.name(), u, b, routing);
        return GatedUpdate.apply(tape, y0, u, routing.gate(), b, scale);
    }
}
