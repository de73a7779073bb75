package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;
import static org.moelora.kernels.opencl.DeviceMemory.ints;

import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Sink;

/** {@code mixture.cl}, and {@link OpenClContrast} for the contrastive losses. */
final class OpenClMixture extends Family implements Mixture {
    private final Scratch scratch;
    private final OpenClContrast contrast;

    OpenClMixture(Commands commands, Programs programs, Scratch scratch) {
        super("mixture", commands, programs);
        this.scratch = scratch;
        this.contrast = new OpenClContrast(commands, programs, scratch);
    }

    private static void checkChosen(int k, int experts) {
        if (k < 1 || k > experts) {
            throw new IllegalArgumentException(k + " of " + experts + " experts; expected 1 to " + experts);
        }
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
        checkChosen(k, experts);
        long n = (long) tokens * experts;
        DeviceMemory probabilities = floats(p, n);
        launch("topK")
                .arg(tokens)
                .arg(experts)
                .arg(k)
                .arg(renormalise)
                .arg(probabilities)
                .arg(bias != null)
                .arg(bias == null ? probabilities : floats(bias, experts))
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
            Sink dp) {
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
                .arg(dp, n)
                .arg(commands.faults())
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
            int tokens, int experts, Memory p, Memory threshold, Memory g, Memory dg, Sink dp, Sink dThreshold) {
        long n = (long) tokens * experts;
        launch("thresholdGrad")
                .arg(tokens)
                .arg(experts)
                .arg(floats(p, n))
                .arg(floats(threshold, tokens))
                .arg(floats(g, n))
                .arg(floats(dg, n))
                .arg(dp, n)
                .arg(dThreshold, tokens)
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
    public void gateGrad(int tokens, int experts, int rank, Memory u, Memory g, Memory dv, Sink du, Sink dg) {
        long gates = (long) tokens * experts;
        long n = gates * rank;
        launch("gateGrad")
                .arg(gates)
                .arg(rank)
                .arg(floats(u, n))
                .arg(floats(g, gates))
                .arg(floats(dv, n))
                .arg(du, n)
                .arg(dg, gates)
                .items(gates);
    }

    @Override
    public void balance(int tokens, int experts, int k, Memory p, Memory selected, Memory load, Memory loss) {
        DeviceMemory out = floats(loss, 1);
        Launch terms = launch("balance")
                .arg(tokens)
                .arg(experts)
                .arg(k)
                .arg(floats(p, (long) tokens * experts))
                .arg(ints(selected, (long) tokens * k))
                .arg(floats(load, experts));
        synchronized (scratch) {
            cl_mem room = scratch.floats(experts);
            terms.arg(room).arg(commands.faults()).groups(experts);
            contrast.sumTerms(experts, room, experts, out);
        }
    }

    @Override
    public void balanceGrad(int tokens, int experts, Memory load, Memory dLoss, Sink dp) {
        long n = (long) tokens * experts;
        launch("balanceGrad")
                .arg(tokens)
                .arg(experts)
                .arg(floats(load, experts))
                .arg(floats(dLoss, 1))
                .arg(dp, n)
                .items(n);
    }

    @Override
    public void mutualInformation(int tokens, int experts, Memory p, Memory mean, Memory loss) {
        DeviceMemory out = floats(loss, 1);
        Launch terms = launch("mutualInformation")
                .arg(tokens)
                .arg(experts)
                .arg(floats(p, (long) tokens * experts))
                .arg(floats(mean, experts));
        synchronized (scratch) {
            cl_mem room = scratch.floats(experts);
            terms.arg(room).groups(experts);
            contrast.sumTerms(experts, room, 1, out);
        }
    }

    @Override
    public void mutualInformationGrad(int tokens, int experts, Memory p, Memory mean, Memory dLoss, Sink dp) {
        long n = (long) tokens * experts;
        launch("mutualInformationGrad")
                .arg(tokens)
                .arg(experts)
                .arg(floats(p, n))
                .arg(floats(mean, experts))
                .arg(floats(dLoss, 1))
                .arg(dp, n)
                .items(n);
    }

    /** Without a list the pairs are the first of all, and must have been selected. */
    private static DeviceMemory selected(Memory selected, @Nullable Memory pairs, int pairCount, int k) {
        if (k < 1) {
            throw new IllegalArgumentException(k + " chosen experts; expected at least 1");
        }
        return ints(selected, pairs == null ? pairCount : 0);
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
        DeviceMemory chosen = selected(selected, pairs, pairCount, k);
        launch("selectPairs")
                .arg(pairCount)
                .arg(experts)
                .arg(rank)
                .arg(k)
                .arg(pairs != null)
                .arg(pairs == null ? chosen : ints(pairs, pairCount))
                .arg(chosen)
                .arg(chosen.length())
                .arg(floats(u, 0))
                .arg(u.length() / Math.max(1, experts * rank))
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
            Sink du) {
        if (du.isAbsent()) {
            return;
        }
        DeviceMemory chosen = selected(selected, pairs, pairCount, k);
        launch("selectPairsGrad")
                .arg(pairCount)
                .arg(experts)
                .arg(rank)
                .arg(k)
                .arg(pairs != null)
                .arg(pairs == null ? chosen : ints(pairs, pairCount))
                .arg(chosen)
                .arg(chosen.length())
                .arg(floats(dUPairs, (long) pairCount * experts * rank))
                .arg(sums(du))
                .arg(du.length() / Math.max(1, experts * rank))
                .arg(commands.faults())
                .items((long) pairCount * rank);
    }

    @Override
    public void contrast(int pairCount, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d) {
        contrast.contrast(pairCount, tau, eps, s, expertOf, loss, d);
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
        contrast.contrast(pairCount, experts, tau, eps, s, expertOf, gates, loss, d, dGates);
    }

    @Override
    public void tokenContrast(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d) {
        contrast.tokenContrast(tokens, experts, k, tau, eps, s, selected, loss, d);
    }
}
