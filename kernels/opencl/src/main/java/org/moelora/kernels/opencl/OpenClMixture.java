package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;
import static org.moelora.kernels.opencl.DeviceMemory.ints;

import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;

/** {@code mixture.cl}. */
final class OpenClMixture extends Family implements Mixture, AutoCloseable {
    private final Scratch scratch;

    OpenClMixture(Commands commands, Programs programs) {
        super("mixture", commands, programs);
        this.scratch = new Scratch(commands);
    }

    @Override
    public void topK(int tokens, int experts, int k, boolean renormalise, Memory p, Memory selected, Memory g) {
        long n = (long) tokens * experts;
        launch("topK")
                .arg(tokens)
                .arg(experts)
                .arg(k)
                .arg(renormalise)
                .arg(floats(p, n))
                .arg(ints(selected, (long) tokens * k))
                .arg(floats(g, n))
                .items(tokens);
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
            Memory dp,
            boolean accumulate) {
        long n = (long) tokens * experts;
        launch("topKGrad")
                .arg(tokens)
                .arg(experts)
                .arg(k)
                .arg(renormalise)
                .arg(floats(p, n))
                .arg(ints(selected, (long) tokens * k))
                .arg(floats(g, n))
                .arg(floats(dg, n))
                .arg(floats(dp, n))
                .arg(accumulate)
                .items(tokens);
    }

    @Override
    public void threshold(int tokens, int experts, Memory p, Memory threshold, Memory g) {
        long n = (long) tokens * experts;
        launch("threshold")
                .arg(tokens)
                .arg(experts)
                .arg(floats(p, n))
                .arg(floats(threshold, tokens))
                .arg(floats(g, n))
                .items(tokens);
    }

    @Override
    public void thresholdGrad(
            int tokens,
            int experts,
            Memory p,
            Memory threshold,
            Memory g,
            Memory dg,
            Memory dp,
            boolean accumulateP,
            Memory dThreshold,
            boolean accumulateThreshold) {
        long n = (long) tokens * experts;
        launch("thresholdGrad")
                .arg(tokens)
                .arg(experts)
                .arg(floats(p, n))
                .arg(floats(threshold, tokens))
                .arg(floats(g, n))
                .arg(floats(dg, n))
                .arg(floats(dp, n))
                .arg(accumulateP)
                .arg(floats(dThreshold, tokens))
                .arg(accumulateThreshold)
                .items(tokens);
    }

    @Override
    public void gate(int tokens, int experts, int rank, Memory u, Memory g, Memory v) {
        long n = (long) tokens * experts * rank;
        launch("gate")
                .arg(n)
                .arg(rank)
                .arg(floats(u, n))
                .arg(floats(g, (long) tokens * experts))
                .arg(floats(v, n))
                .items(n);
    }

    @Override
    public void gateGrad(
            int tokens,
            int experts,
            int rank,
            Memory u,
            Memory g,
            Memory dv,
            Memory du,
            boolean accumulateU,
            Memory dg,
            boolean accumulateG) {
        long gates = (long) tokens * experts;
        long n = gates * rank;
        launch("gateGrad")
                .arg(gates)
                .arg(rank)
                .arg(floats(u, n))
                .arg(floats(g, gates))
                .arg(floats(dv, n))
                .arg(floats(du, n))
                .arg(accumulateU)
                .arg(floats(dg, gates))
                .arg(accumulateG)
                .items(gates);
    }

    @Override
    public void balance(int tokens, int experts, int k, Memory p, Memory selected, Memory load, Memory loss) {
        DeviceMemory to = floats(loss, 1);
        synchronized (scratch) {
            cl_mem products = scratch.floats(experts);
            launch("balanceOfExperts")
                    .arg(tokens)
                    .arg(experts)
                    .arg(k)
                    .arg(floats(p, (long) tokens * experts))
                    .arg(ints(selected, (long) tokens * k))
                    .arg(floats(load, experts))
                    .arg(products)
                    .arg(0L)
                    .groups(experts);
            total(experts, products, 0, experts, to);
        }
    }

    private void total(int n, cl_mem values, long from, float scale, DeviceMemory out) {
        launch("total").arg(n).arg(values).arg(from).arg(scale).arg(out).groups(1);
    }

    @Override
    public void balanceGrad(int tokens, int experts, Memory load, Memory dLoss, Memory dp, boolean accumulate) {
        long n = (long) tokens * experts;
        launch("balanceGrad")
                .arg(tokens)
                .arg(experts)
                .arg(floats(load, experts))
                .arg(floats(dLoss, 1))
                .arg(floats(dp, n))
                .arg(accumulate)
                .items(n);
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
        long n = (long) pairCount * experts * rank;
        DeviceMemory chosen = ints(selected, pairs == null ? pairCount : 0);
        launch("selectPairs")
                .arg(pairCount)
                .arg(experts)
                .arg(rank)
                .arg(k)
                .arg(pairs == null)
                .arg(pairs == null ? chosen : ints(pairs, pairCount))
                .arg(selected.length())
                .arg(chosen)
                .arg(floats(u, 0))
                .arg(floats(uPairs, n))
                .arg(ints(expertOf, pairCount))
                .arg(commands.faults())
                .items(n);
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
            Memory du) {
        DeviceMemory chosen = ints(selected, pairs == null ? pairCount : 0);
        launch("selectPairsGrad")
                .arg(pairCount)
                .arg(experts)
                .arg(rank)
                .arg(k)
                .arg(pairs == null)
                .arg(pairs == null ? chosen : ints(pairs, pairCount))
                .arg(selected.length())
                .arg(chosen)
                .arg(floats(dUPairs, (long) pairCount * experts * rank))
                .arg(floats(du, 0))
                .arg(commands.faults())
                .items((long) pairCount * rank);
    }

    @Override
    public void contrast(int n, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d) {
        DeviceMemory ss = floats(s, (long) n * n);
        DeviceMemory es = ints(expertOf, n);
        DeviceMemory ds = floats(d, (long) n * n);
        DeviceMemory to = floats(loss, 1);
        synchronized (scratch) {
            cl_mem room = scratch.floats(4L * n); // norms, positives, sums and losses, one after the other
            launch("normsAndPositives")
                    .arg(n)
                    .arg(eps)
                    .arg(ss)
                    .arg(es)
                    .arg(room)
                    .arg(0L)
                    .arg(room)
                    .arg((long) n)
                    .items(n);
            launch("contrastLoss")
                    .arg(n)
                    .arg(tau)
                    .arg(ss)
                    .arg(es)
                    .arg(room)
                    .arg(0L)
                    .arg(room)
                    .arg((long) n)
                    .arg(room)
                    .arg(2L * n)
                    .arg(room)
                    .arg(3L * n)
                    .groups(n);
            total(n, room, 3L * n, 1, to);
            launch("contrastGrad")
                    .arg(n)
                    .arg(tau)
                    .arg(ss)
                    .arg(es)
                    .arg(room)
                    .arg(0L)
                    .arg(room)
                    .arg((long) n)
                    .arg(room)
                    .arg(2L * n)
                    .arg(ds)
                    .groups(n);
        }
    }

    @Override
    public void tokenContrast(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d) {
        long n = (long) tokens * experts;
        DeviceMemory ss = floats(s, n * experts);
        DeviceMemory chosen = ints(selected, (long) tokens * k);
        DeviceMemory ds = floats(d, n * experts);
        DeviceMemory to = floats(loss, 1);
        double terms = (double) tokens * k * (k - 1);
        float perTerm = terms == 0 ? 0 : (float) (1 / terms);
        synchronized (scratch) {
            cl_mem room = scratch.floats(4 * n); // norms, negatives, rests and losses, one after the other
            launch("tokenNorms")
                    .arg(n)
                    .arg(experts)
                    .arg(eps)
                    .arg(ss)
                    .arg(room)
                    .arg(0L)
                    .items(n);
            launch("tokenContrastLoss")
                    .arg(n)
                    .arg(experts)
                    .arg(k)
                    .arg(tau)
                    .arg(ss)
                    .arg(chosen)
                    .arg(room)
                    .arg(0L)
                    .arg(room)
                    .arg(n)
                    .arg(room)
                    .arg(2 * n)
                    .arg(room)
                    .arg(3 * n)
                    .items(n);
            total(Math.toIntExact(n), room, 3 * n, perTerm, to);
            launch("tokenContrastGrad")
                    .arg(n)
                    .arg(experts)
                    .arg(k)
                    .arg(tau)
                    .arg(perTerm)
                    .arg(ss)
                    .arg(chosen)
                    .arg(room)
                    .arg(0L)
                    .arg(room)
                    .arg(n)
                    .arg(room)
                    .arg(2 * n)
                    .arg(ds)
                    .items(n);
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
