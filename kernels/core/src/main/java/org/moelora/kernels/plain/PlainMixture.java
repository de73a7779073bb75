package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.cpu.HostMemory.setInt;
import static org.moelora.kernels.cpu.HostMemory.sums;
import static org.moelora.kernels.plain.PlainRows.put;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Sink;

final class PlainMixture implements Mixture {
    /** The least that a logarithm is taken of. */
    private static final double LEAST = 1e-12;

    /** p, g [T, E]: {@code g_te = p_te / Z_t} for the k largest, {@code Z_t} their sum (or 1), else 0; selected [T, k] names them. */
    @Override
    public void topK(
            int tokens,
            int experts,
            int k,
            boolean renormalise,
            Memory p,
            @Nullable Memory bias,
            Memory selected,
            Memory g) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment ss = ints(selected, (long) tokens * k);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment bs = bias == null ? null : floats(bias, experts);
        boolean[] chosen = new boolean[experts];
        float[] key = new float[experts];
        for (int t = 0; t < tokens; t++) {
            long row = (long) t * experts;
            Arrays.fill(chosen, false);
            for (int e = 0; e < experts; e++) {
                key[e] = bs == null ? get(ps, row + e) : get(ps, row + e) + get(bs, e);
            }
            for (int j = 0; j < k; j++) {
                int best = -1;
                for (int e = 0; e < experts; e++) {
                    if (!chosen[e] && (best < 0 || key[e] > key[best])) {
                        best = e;
                    }
                }
                chosen[best] = true;
            }
            double z = 0;
            for (int e = 0, j = 0; e < experts; e++) {
                if (chosen[e]) {
                    setInt(ss, (long) t * k + j++, e);
                    z += get(ps, row + e);
                }
            }
            for (int e = 0; e < experts; e++) {
                set(gs, row + e, chosen[e] ? (float) (get(ps, row + e) / (renormalise ? z : 1)) : 0);
            }
        }
    }

    /** {@code dp_te = (dg_te - sum_{j in S_t} g_tj dg_tj) / Z_t} for the selected e, else 0; not renormalised, {@code dp_te = dg_te}. */
    @Override
    public void topKGrad(
            int tokens,
            int experts,
            int k,
            boolean renormalise,
            Memory p,
            Memory selected,
            Memory g,
            Memory dg,
            Sink dp) {
        if (dp.isAbsent()) {
            return;
        }
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment ss = ints(selected, (long) tokens * k);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment dgs = floats(dg, (long) tokens * experts);
        MemorySegment dps = floats(dp, (long) tokens * experts);
        for (int t = 0; t < tokens; t++) {
            long row = (long) t * experts;
            double z = 0;
            double dot = 0;
            for (int j = 0; j < k; j++) {
                int e = getInt(ss, (long) t * k + j);
                z += get(ps, row + e);
                dot += (double) get(gs, row + e) * get(dgs, row + e);
            }
            if (!dp.adds()) {
                for (int e = 0; e < experts; e++) {
                    set(dps, row + e, 0);
                }
            }
            for (int j = 0; j < k; j++) {
                int e = getInt(ss, (long) t * k + j);
                put(dps, row + e, renormalise ? (get(dgs, row + e) - dot) / z : get(dgs, row + e), true);
            }
        }
    }

    /** p, g [T, E], threshold [T]: {@code g_te = m_te / sum_j m_tj} with {@code m_te = max(0, p_te - threshold_t)}. */
    @Override
    public void threshold(int tokens, int experts, Memory p, Memory threshold, Memory g) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment hs = floats(threshold, tokens);
        MemorySegment gs = floats(g, (long) tokens * experts);
        for (int t = 0; t < tokens; t++) {
            long row = (long) t * experts;
            double z = 0;
            for (int e = 0; e < experts; e++) {
                z += Math.max(0, (double) get(ps, row + e) - get(hs, t));
            }
            for (int e = 0; e < experts; e++) {
                double m = Math.max(0, (double) get(ps, row + e) - get(hs, t));
                set(gs, row + e, z == 0 ? 0 : (float) (m / z));
            }
        }
    }

    /**
     * {@code dp_te = dm_te}, {@code dThreshold_t = -sum_e dm_te} with {@code dm_te = (dg_te - sum_j g_tj dg_tj) / sum_j m_tj} where {@code m_te >
     * 0}, else 0.
     */
    @Override
    public void thresholdGrad(
            int tokens, int experts, Memory p, Memory threshold, Memory g, Memory dg, Sink dp, Sink dThreshold) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment hs = floats(threshold, tokens);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment dgs = floats(dg, (long) tokens * experts);
        MemorySegment dps = floats(dp, (long) tokens * experts);
        MemorySegment dhs = floats(dThreshold, tokens);
        for (int t = 0; t < tokens; t++) {
            long row = (long) t * experts;
            double z = 0;
            double dot = 0;
            for (int e = 0; e < experts; e++) {
                z += Math.max(0, (double) get(ps, row + e) - get(hs, t));
                dot += (double) get(gs, row + e) * get(dgs, row + e);
            }
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                double dm = get(ps, row + e) > get(hs, t) ? (get(dgs, row + e) - dot) / z : 0;
                put(dps, row + e, dm, dp);
                sum += dm;
            }
            put(dhs, t, -sum, dThreshold);
        }
    }

    /** u, v [T, E r], g [T, E]: {@code v_te = g_te u_te}. */
    @Override
    public void gate(int tokens, int experts, int rank, Memory u, Memory g, Memory v) {
        MemorySegment us = floats(u, (long) tokens * experts * rank);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment vs = floats(v, (long) tokens * experts * rank);
        for (long te = 0; te < (long) tokens * experts; te++) {
            for (long i = te * rank; i < (te + 1) * rank; i++) {
                set(vs, i, get(gs, te) * get(us, i));
            }
        }
    }

    /** {@code du_te = g_te dv_te}, {@code dg_te = <dv_te, u_te>}. */
    @Override
    public void gateGrad(int tokens, int experts, int rank, Memory u, Memory g, Memory dv, Sink du, Sink dg) {
        MemorySegment us = floats(u, (long) tokens * experts * rank);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment dvs = floats(dv, (long) tokens * experts * rank);
        MemorySegment dus = floats(du, (long) tokens * experts * rank);
        MemorySegment dgs = floats(dg, (long) tokens * experts);
        for (long te = 0; te < (long) tokens * experts; te++) {
            double dot = 0;
            for (long i = te * rank; i < (te + 1) * rank; i++) {
                double d = get(dvs, i);
                dot += d * get(us, i);
                put(dus, i, get(gs, te) * d, du);
            }
            put(dgs, te, dot, dg);
        }
    }

    /** {@code loss = E sum_e load_e mean_t p_te} with {@code load_e} [E], the share of the T k selections that went to e. */
    @Override
    public void balance(int tokens, int experts, int k, Memory p, Memory selected, Memory load, Memory loss) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment ss = ints(selected, (long) tokens * k);
        MemorySegment fs = floats(load, experts);
        double[] count = new double[experts];
        for (long q = 0; q < (long) tokens * k; q++) {
            count[getInt(ss, q)]++;
        }
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            double mean = 0;
            for (int t = 0; t < tokens; t++) {
                mean += get(ps, (long) t * experts + e) / (double) tokens;
            }
            double f = count[e] / ((double) tokens * k);
            set(fs, e, (float) f);
            sum += f * mean;
        }
        set(floats(loss, 1), 0, (float) (experts * sum));
    }

    /** {@code dp_te = dLoss E load_e / T}; the load carries no gradient. */
    @Override
    public void balanceGrad(int tokens, int experts, Memory load, Memory dLoss, Sink dp) {
        MemorySegment fs = floats(load, experts);
        MemorySegment dps = floats(dp, (long) tokens * experts);
        double d = get(floats(dLoss, 1), 0);
        for (int t = 0; t < tokens; t++) {
            for (int e = 0; e < experts; e++) {
                put(dps, (long) t * experts + e, d * experts * get(fs, e) / tokens, dp);
            }
        }
    }

    /** {@code loss = -1/T sum_te p_te (log p_te - log mean_e)} with {@code mean_e = mean_t p_te}, [E]. */
    @Override
    public void mutualInformation(int tokens, int experts, Memory p, Memory mean, Memory loss) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment ms = floats(mean, experts);
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            double m = 0;
            for (int t = 0; t < tokens; t++) {
                m += get(ps, (long) t * experts + e) / (double) tokens;
            }
            set(ms, e, (float) m);
            for (int t = 0; t < tokens; t++) {
                double value = get(ps, (long) t * experts + e);
                sum -= value * (log(value) - log(m)) / tokens;
            }
        }
        set(floats(loss, 1), 0, (float) sum);
    }

    /** {@code dp_te = dLoss (log mean_e - log p_te) / T}. */
    @Override
    public void mutualInformationGrad(int tokens, int experts, Memory p, Memory mean, Memory dLoss, Sink dp) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment ms = floats(mean, experts);
        MemorySegment dps = floats(dp, (long) tokens * experts);
        double d = get(floats(dLoss, 1), 0);
        for (int t = 0; t < tokens; t++) {
            for (int e = 0; e < experts; e++) {
                long at = (long) t * experts + e;
                put(dps, at, d * (log(get(ms, e)) - log(get(ps, at))) / tokens, dp);
            }
        }
    }

    private static double log(double value) {
        return Math.log(Math.max(value, LEAST));
    }

    /** Row n of uPairs [N, E r] is {@code u_te} of pair n = (t, e) in the columns of e, and zero elsewhere; {@code expertOf_n = e}. */
    @Override
    public void selectPairs(
            int pairCount,
            int experts,
            int rank,
            int k,
            @Nullable Memory pairs,
            Memory selected,
            Memory u,
            Memory uPairs,
            Memory expertOf) {
        int width = experts * rank;
        MemorySegment qs = pairs == null ? null : ints(pairs, pairCount);
        MemorySegment ss = ints(selected, pairs == null ? pairCount : 0);
        MemorySegment us = floats(u, 0);
        MemorySegment ups = floats(uPairs, (long) pairCount * width);
        MemorySegment es = ints(expertOf, pairCount);
        for (int n = 0; n < pairCount; n++) {
            int pair = qs == null ? n : getInt(qs, n);
            int e = getInt(ss, pair);
            setInt(es, n, e);
            for (int i = 0; i < width; i++) {
                set(ups, (long) n * width + i, i / rank == e ? get(us, (long) (pair / k) * width + i) : 0);
            }
        }
    }

    /** {@code du_te += dUPairs_n} on the columns of e. */
    @Override
    public void selectPairsGrad(
            int pairCount,
            int experts,
            int rank,
            int k,
            @Nullable Memory pairs,
            Memory selected,
            Memory dUPairs,
            Sink du) {
        if (du.isAbsent()) {
            return;
        }
        int width = experts * rank;
        MemorySegment qs = pairs == null ? null : ints(pairs, pairCount);
        MemorySegment ss = ints(selected, pairs == null ? pairCount : 0);
        MemorySegment dups = floats(dUPairs, (long) pairCount * width);
        MemorySegment dus = sums(du);
        for (int n = 0; n < pairCount; n++) {
            int pair = qs == null ? n : getInt(qs, n);
            int e = getInt(ss, pair);
            for (int i = e * rank; i < (e + 1) * rank; i++) {
                put(dus, (long) (pair / k) * width + i, get(dups, (long) n * width + i), true);
            }
        }
    }

    @Override
    public void contrast(int pairCount, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d) {
        PlainContrast.supervised(pairCount, tau, eps, s, expertOf, loss, d);
    }

    @Override
    public void gatedContrast(
            int pairCount,
            int experts,
            float tau,
            float eps,
            Memory s,
            Memory expertOf,
            Memory gates,
            Memory loss,
            Memory d,
            Memory dGates) {
        PlainContrast.gated(pairCount, experts, tau, eps, s, expertOf, gates, loss, d, dGates);
    }

    @Override
    public void tokenContrast(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d) {
        PlainContrast.withinTokens(tokens, experts, k, tau, eps, s, selected, loss, d);
    }
}
