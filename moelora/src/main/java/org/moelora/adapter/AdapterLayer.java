package org.moelora.adapter;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Magnitude;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.Repeat;
import org.moelora.engine.ops.WeightedSum;

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
 * @param routerStatistics the router's, by name; they do not learn
 * @param magnitudes m of the rows of {@code W0 + s B A}, if they are trained (DoRA)
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
        @Nullable Magnitudes magnitudes) {
    /**
     * @param m [out]
     * @param squares {@code |w_o|^2} of the rows of W0, [out]
     */
    record Magnitudes(Parameter m, Parameter squares) {}

    /** The linear's name. */
    String module() {
        return site.name();
    }

    /**
     * @param x [T, in]
     * @param w W0
     * @return [T, out]
     */
    Tensor apply(Tape tape, AdapterPass pass, Tensor x, Weight w, @Nullable Tensor bias) {
        float scale = (float) config.scale(site);
        if (magnitudes != null) {
            return decomposed(tape, pass, x, w, bias, magnitudes, scale);
        }
        return update(tape, pass, x, Linear.apply(tape, x, w, bias), false);
    }

    /**
     * @param y0 what the frozen linear gave, or that with other updates; must not be used any more
     * @param partly whether rows that another adapter answers are to stay as they are in y0
     */
    Tensor update(Tape tape, AdapterPass pass, Tensor x, Tensor y0, boolean partly) {
        float scale = (float) config.scale(site);
        Tensor own = Linear.apply(tape, pass.dropout(tape, site.name(), x, config.dropout()), a, null);
        GatePolicy policy = config.gate();
        if (policy == null) {
            return GatedUpdate.apply(tape, y0, own, partly ? pass.answered(tape, 1) : null, b, scale);
        }
        int experts = config.experts(site);
        Tensor u = switch (config.space()) {
            case SEPARATE -> own;
            case SHARED_A -> Repeat.apply(tape, own, experts);
            case CORE -> Linear.apply(tape, own, Objects.requireNonNull(cores), null);
        };
        Tensor ofTokens = config.space() == ExpertSpace.CORE ? own : x;
        Routing routing = pass.decided(
                router.name(), () -> policy.apply(tape, pass, routerInput(tape, pass, ofTokens, x), gateParameters));
        pass.routed(
                tape, site.name(), router.name(), u, () -> cores == null ? b : Repeat.apply(tape, b, experts), routing);
        Tensor gate = routing.gate();
        Tensor here = partly ? Multiply.apply(tape, gate, pass.answered(tape, experts)) : gate;
        if (cores == null) {
            return GatedUpdate.apply(tape, y0, u, here, b, scale);
        }
        return GatedUpdate.apply(
                tape, y0, sumOfExperts(tape, u, here, cores.shape().dim(1)), null, b, scale);
    }

    /** {@code sum_e g_e u_e}, [T, r]: an update of nothing by E identities side by side. */
    private static Tensor sumOfExperts(Tape tape, Tensor u, Tensor gate, int rank) {
        int tokens = u.shape().rows();
        int width = u.shape().cols();
        float[] identities = new float[rank * width];
        for (int i = 0; i < width; i++) {
            identities[i % rank * width + i] = 1;
        }
        return GatedUpdate.apply(
                tape,
                tape.constant(new float[tokens * rank], tokens, rank),
                u,
                gate,
                tape.constant(identities, rank, width),
                1);
    }

    /**
     * @param ofTokens what a router of tokens reads
     * @param x what a router of prompts reads
     */
    private RouterInput routerInput(Tape tape, AdapterPass pass, Tensor ofTokens, Tensor x) {
        return switch (config.router()) {
            case Router.Token token -> RouterInput.ofTokens(pass, router.name(), ofTokens);
            case Router.Prompt prompt ->
                pass.ofPrompts(tape, router.name(), x, statistic(Router.Prompt.SCALE), statistic(Router.Prompt.CENTRE));
        };
    }

    Parameter statistic(String name) {
        return Objects.requireNonNull(routerStatistics.get(name), name);
    }

    /**
     * {@code y = c .* (W0 x + s B A x) + bias}; with x' = dropout(x), as PEFT has it, {@code y = W0 x + (c - 1) .* W0 x' + c .* s B A x' + bias}, which is
     * {@code c .* (W0 x' + s B A x') + W0 (x - x') + bias}.
     */
    private Tensor decomposed(
            Tape tape, AdapterPass pass, Tensor x, Weight w, @Nullable Tensor bias, Magnitudes of, float scale) {
        Tensor kept = pass.dropout(tape, site.name(), x, config.dropout());
        Tensor sum = GatedUpdate.apply(
                tape, Linear.apply(tape, kept, w, null), Linear.apply(tape, kept, a, null), null, b, scale);
        Tensor c = pass.kept(
                tape,
                site.name() + "/row factors",
                () -> Magnitude.factors(tape, w, of.squares(), a, b, of.m(), scale));
        Tensor y = Magnitude.apply(tape, sum, c, bias);
        if (kept == x) {
            return y;
        }
        Tensor dropped = WeightedSum.apply(tape, new Tensor[] {x, kept}, new float[] {1, -1});
        return Add.apply(tape, y, Linear.apply(tape, dropped, w, null));
    }
}
