package org.moelora.adapter;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Multiply;

/**
 * The adapter beside one linear: {@code y = W0 x + s sum_e g_e(x) B_e A_e x}, computed as {@code U = x A^T},
 * {@code y = W0 x + s (U .* expand(g)) B^T} with the experts stacked, so that E experts of rank r cost what one LoRA of rank E r costs.
 *
 * @param site the linear
 * @param router the linear whose router decides: this one, unless linears share it
 * @param a A_1 to A_E stacked, [E r, in]; a shared A is one, [r, in]
 * @param b B_1 to B_E side by side, [out, E r]; of experts in core space one, [out, r]
 * @param cores C_1 to C_E stacked, [E r, r], of experts in core space; else null
 * @param gateParameters the policy's, by name; none without a mixture
 * @param routerStatistics the router's, by name; they are not trained
 * @param composition how W0 and the update make y
 */
record AdapterLayer(
        LinearSite site,
        LinearSite router,
        AdapterConfig config,
        Parameter a,
        Parameter b,
        @Nullable Parameter cores,
        Map<String, Parameter> gateParameters,
        Map<String, Parameter> routerStatistics,
        Composition composition) {
    /** How far a step moves a bias of a gate; DeepSeek-V3's and SMoRA's (arXiv 2501.15103). */
    private static final float BALANCE_RATE = 1e-3f;

    /** The linear's name. */
    String module() {
        return site.name();
    }

    /** s. */
    float scale() {
        return (float) config.scale(site);
    }

    /**
     * @param x [T, in]
     * @param w W0
     * @return [T, out]
     */
    Tensor apply(Tape tape, AdapterPass pass, Tensor x, Weight w, @Nullable Tensor bias) {
        return composition.apply(tape, pass, this, x, w, bias);
    }

    /**
     * {@code y = y0 + s (U .* expand(g)) B^T}, in the place of y0.
     *
     * @param y0 what the frozen linear gave, or that with other updates; must not be used any more
     * @param partly whether rows that another adapter answers are to stay as they are in y0
     */
    Tensor update(Tape tape, AdapterPass pass, Tensor x, Tensor y0, boolean partly) {
        Tensor ax = Linear.apply(tape, dropout(tape, pass, x), a, null);
        GatePolicy policy = config.gate();
        if (policy == null) {
            return GatedUpdate.apply(tape, y0, ax, partly ? pass.answered(tape, 1) : null, b, scale());
        }
        int experts = config.experts(site);
        ExpertSpace space = config.space();
        Tensor u = space.ofExperts(tape, ax, experts, cores);
        Routing routing = pass.decided(
                router.name(), () -> policy.apply(tape, pass, routerInput(tape, pass, x, ax), gateParameters));
        pass.routed(
                tape, new RoutedLinear(module(), router.name(), u, () -> space.bOfExperts(tape, b, experts), routing));
        Tensor g = partly ? Multiply.apply(tape, routing.gate(), pass.answered(tape, experts)) : routing.gate();
        return space.update(tape, y0, u, g, b, scale());
    }

    Tensor dropout(Tape tape, AdapterPass pass, Tensor x) {
        return pass.dropout(tape, module(), x, config.dropout());
    }

    /** What a router of prompts or of tokens reads: x, or A x for one of tokens where experts are in core space. */
    private RouterInput routerInput(Tape tape, AdapterPass pass, Tensor x, Tensor ax) {
        return switch (config.router()) {
            case Router.Token token ->
                RouterInput.ofTokens(pass, router.name(), config.space() == ExpertSpace.CORE ? ax : x);
            case Router.Prompt prompt ->
                pass.ofPrompts(tape, router.name(), x, statistic(Router.Prompt.SCALE), statistic(Router.Prompt.CENTRE));
        };
    }

    Parameter gateParameter(String name) {
        return Objects.requireNonNull(gateParameters.get(name), name);
    }

    Parameter statistic(String name) {
        return Objects.requireNonNull(routerStatistics.get(name), name);
    }

    /** Moves the bias of a gate that chooses by {@code p + b} towards equal loads, {@code b_e += 0.001 sign(mean_j n_j - n_e)}. */
    void balance(int[] load) {
        Parameter bias = statistic(GatePolicy.BIAS);
        float[] b = bias.toArray();
        long sum = Arrays.stream(load).asLongStream().sum();
        for (int e = 0; e < b.length; e++) {
            b[e] += BALANCE_RATE * Long.signum(sum - (long) load[e] * b.length);
        }
        bias.set(b);
    }
}
