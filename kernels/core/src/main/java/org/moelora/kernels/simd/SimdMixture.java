package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.cpu.HostMemory.setInt;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Sink;
import org.moelora.kernels.cpu.Workers;

/**
 * The mixture's kernels. Experts and ranks are few, shorter than a vector, so tokens are dealt out to the threads and each is a scalar loop; only
 * the contrastive loss, whose rows are pairs, is in {@link Contrast} and vectors. The tables of one number per token and expert that the load
 * balance reads and writes are plain's, and so is the loss within tokens, in one thread.
 */
final class SimdMixture implements Mixture {
    private final Workers workers;
    private final Mixture plain;
    private final Queue<Contrast.Workspace> spaces = new ConcurrentLinkedQueue<>();

    SimdMixture(Workers workers, Mixture plain) {
        this.workers = workers;
        this.plain = plain;
    }

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
        MemorySegment bs = bias == null ? null : floats(bias, experts);
        MemorySegment gs = floats(g, (long) tokens * experts);
        Ranges.run(workers, tokens, 1, 4L * k * experts, (from, to) -> {
            boolean[] chosen = new boolean[experts];
            float[] key = new float[experts];
            for (long t = from; t < to; t++) {
                for (int e = 0; e < experts; e++) {
                    key[e] = bs == null ? get(ps, t * experts + e) : get(ps, t * experts + e) + get(bs, e);
                }
                choose(experts, k, renormalise, key, ps, ss, gs, t, chosen);
            }
        });
    }

    private static void choose(
            int experts,
            int k,
            boolean renormalise,
            float[] key,
            MemorySegment ps,
            MemorySegment ss,
            MemorySegment gs,
            long t,
            boolean[] chosen) {
        long row = t * experts;
        Arrays.fill(chosen, false);
        float sum = 0;
        for (int j = 0; j < k; j++) {
            int best = -1;
            for (int e = 0; e < experts; e++) {
                if (!chosen[e] && (best < 0 || key[e] > key[best])) {
                    best = e;
                }
            }
            chosen[best] = true;
            sum += get(ps, row + best);
        }
        for (int e = 0, j = 0; e < experts; e++) {
            if (chosen[e]) {
                setInt(ss, t * k + j++, e);
            }
            float p = get(ps, row + e);
            set(gs, row + e, !chosen[e] ? 0 : renormalise ? p / sum : p);
        }
    }

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
        plain.topKGrad(tokens, experts, k, renormalise, p, selected, g, dg, dp);
    }

    @Override
    public void threshold(int tokens, int experts, Memory p, Memory threshold, Memory g) {
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment hs = floats(threshold, tokens);
        MemorySegment gs = floats(g, (long) tokens * experts);
        Ranges.run(workers, tokens, 1, 4L * experts, (from, to) -> {
            for (long t = from; t < to; t++) {
                long row = t * experts;
                double h = get(hs, t);
                double z = 0;
                for (int e = 0; e < experts; e++) {
                    z += Math.max(0, get(ps, row + e) - h);
                }
                for (int e = 0; e < experts; e++) {
                    set(gs, row + e, z == 0 ? 0 : (float) (Math.max(0, get(ps, row + e) - h) / z));
                }
            }
        });
    }

    @Override
    public void thresholdGrad(
            int tokens, int experts, Memory p, Memory threshold, Memory g, Memory dg, Sink dp, Sink dThreshold) {
        boolean accumulateP = dp.adds();
        boolean accumulateThreshold = dThreshold.adds();
        MemorySegment ps = floats(p, (long) tokens * experts);
        MemorySegment hs = floats(threshold, tokens);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment dgs = floats(dg, (long) tokens * experts);
        MemorySegment dps = floats(dp, (long) tokens * experts);
        MemorySegment dhs = floats(dThreshold, tokens);
        boolean toP = !dp.isAbsent();
        Ranges.run(workers, tokens, 1, 6L * experts, (from, to) -> {
            for (long t = from; t < to; t++) {
                long row = t * experts;
                double h = get(hs, t);
                double z = 0;
                double dot = 0;
                for (int e = 0; e < experts; e++) {
                    z += Math.max(0, get(ps, row + e) - h);
                    dot += (double) get(gs, row + e) * get(dgs, row + e);
                }
                double sum = 0;
                for (int e = 0; e < experts; e++) {
                    double dm = get(ps, row + e) > h ? (get(dgs, row + e) - dot) / z : 0;
                    if (toP) {
                        set(dps, row + e, (float) (accumulateP ? get(dps, row + e) + dm : dm));
                    }
                    sum += dm;
                }
                if (!dThreshold.isAbsent()) {
                    set(dhs, t, (float) (accumulateThreshold ? get(dhs, t) - sum : -sum));
                }
            }
        });
    }

    @Override
    public void tokenContrast(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d) {
        plain.tokenContrast(tokens, experts, k, tau, eps, s, selected, loss, d);
    }

    @Override
    public void gate(int tokens, int experts, int rank, Memory u, Memory g, Memory v) {
        MemorySegment us = floats(u, (long) tokens * experts * rank);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment vs = floats(v, (long) tokens * experts * rank);
        Ranges.run(workers, (long) tokens * experts, experts, 4L * rank, (from, to) -> {
            for (long te = from; te < to; te++) {
                float weight = get(gs, te);
                for (int i = 0; i < rank; i++) {
                    set(vs, te * rank + i, weight * get(us, te * rank + i));
                }
            }
        });
    }

    @Override
    public void gateGrad(int tokens, int experts, int rank, Memory u, Memory g, Memory dv, Sink du, Sink dg) {
        boolean accumulateU = du.adds();
        boolean accumulateG = dg.adds();
        MemorySegment us = floats(u, (long) tokens * experts * rank);
        MemorySegment gs = floats(g, (long) tokens * experts);
        MemorySegment dvs = floats(dv, (long) tokens * experts * rank);
        MemorySegment dus = floats(du, (long) tokens * experts * rank);
        MemorySegment dgs = floats(dg, (long) tokens * experts);
        boolean toU = !du.isAbsent();
        Ranges.run(workers, (long) tokens * experts, experts, 4L * rank, (from, to) -> {
            for (long te = from; te < to; te++) {
                float weight = get(gs, te);
                float dot = 0;
                for (int i = 0; i < rank; i++) {
                    long at = te * rank + i;
                    float d = get(dvs, at);
                    dot += d * get(us, at);
                    if (toU) {
                        set(dus, at, accumulateU ? get(dus, at) + weight * d : weight * d);
                    }
                }
                if (!dg.isAbsent()) {
                    set(dgs, te, accumulateG ? get(dgs, te) + dot : dot);
                }
            }
        });
    }

    @Override
    public void balance(int tokens, int experts, int k, Memory p, Memory selected, Memory load, Memory loss) {
        plain.balance(tokens, experts, k, p, selected, load, loss);
    }

    @Override
    public void balanceGrad(int tokens, int experts, Memory load, Memory dLoss, Sink dp) {
        plain.balanceGrad(tokens, experts, load, dLoss, dp);
    }

    @Override
    public void mutualInformation(int tokens, int experts, Memory p, Memory mean, Memory loss) {
        plain.mutualInformation(tokens, experts, p, mean, loss);
    }

    @Override
    public void mutualInformationGrad(int tokens, int experts, Memory p, Memory mean, Memory dLoss, Sink dp) {
        plain.mutualInformationGrad(tokens, experts, p, mean, dLoss, dp);
    }

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
        long bytes = (long) rank * Float.BYTES;
        Ranges.run(workers, pairCount, 1, width, (from, to) -> {
            ups.asSlice(from * width * Float.BYTES, (to - from) * width * Float.BYTES)
                    .fill((byte) 0);
            for (long n = from; n < to; n++) {
                int pair = qs == null ? (int) n : getInt(qs, n);
                int e = getInt(ss, pair);
                setInt(es, n, e);
                long source = ((long) (pair / k) * width + (long) e * rank) * Float.BYTES;
                MemorySegment.copy(us, source, ups, (n * width + (long) e * rank) * Float.BYTES, bytes);
            }
        });
    }

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
        plain.selectPairsGrad(pairCount, experts, rank, k, pairs, selected, dUPairs, du);
    }

    @Override
    public void contrast(int pairCount, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d) {
        contrast(pairCount, tau, eps, s, expertOf, null, loss, d);
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
        long n = (long) pairCount * experts;
        contrast(
                pairCount,
                tau,
                eps,
                s,
                expertOf,
                new Contrast.Gates(experts, floats(gates, n), floats(dGates, n)),
                loss,
                d);
    }

    private void contrast(
            int pairCount,
            float tau,
            float eps,
            Memory s,
            Memory expertOf,
            Contrast.@Nullable Gates gates,
            Memory loss,
            Memory d) {
        MemorySegment ss = floats(s, (long) pairCount * pairCount);
        MemorySegment es = ints(expertOf, pairCount);
        MemorySegment ds = floats(d, (long) pairCount * pairCount);
        MemorySegment ls = floats(loss, 1);
        Contrast.Workspace space = Objects.requireNonNullElseGet(spaces.poll(), Contrast.Workspace::new);
        set(ls, 0, (float) new Contrast(pairCount, tau, eps, ss, es, gates, ds, space).run(workers));
        spaces.add(space);
    }
}
