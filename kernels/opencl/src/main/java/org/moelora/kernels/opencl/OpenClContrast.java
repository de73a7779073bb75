package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;
import static org.moelora.kernels.opencl.DeviceMemory.ints;

import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;

/** {@code contrast.cl}: the contrastive losses. */
final class OpenClContrast extends Family {
    private final Scratch scratch;

    OpenClContrast(Commands commands, Programs programs, Scratch scratch) {
        super("contrast", commands, programs);
        this.scratch = scratch;
    }

    /** As {@link Mixture#contrast}. */
    void contrast(int pairCount, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d) {
        contrast(pairCount, 1, tau, eps, s, expertOf, null, loss, d, null);
    }

    /**
     * As {@link Mixture#gatedContrast}.
     *
     * @param gates null for gates of one
     * @param dGates null if the gates' gradient is not wanted
     */
    void contrast(
            int pairCount,
            int experts,
            float tau,
            float eps,
            Memory s,
            Memory expertOf,
            @Nullable Memory gates,
            Memory loss,
            Memory d,
            @Nullable Memory dGates) {
        long numbers = (long) pairCount * pairCount;
        DeviceMemory products = floats(s, numbers);
        DeviceMemory expertsOf = ints(expertOf, pairCount);
        DeviceMemory given = gates == null ? products : floats(gates, (long) pairCount * experts);
        DeviceMemory out = floats(loss, 1);
        DeviceMemory gradient = floats(d, numbers);
        synchronized (scratch) {
            cl_mem room = scratch.floats(7L * pairCount + 3);
            launch("contrastNorms")
                    .arg(pairCount)
                    .arg(experts)
                    .arg(eps)
                    .arg(products)
                    .arg(expertsOf)
                    .arg(gates != null)
                    .arg(Mixture.LEAST_GATE)
                    .arg(given)
                    .arg(room)
                    .arg(commands.faults())
                    .items(pairCount);
            launch("contrastRows")
                    .arg(pairCount)
                    .arg(tau)
                    .arg(products)
                    .arg(expertsOf)
                    .arg(room)
                    .groups(pairCount);
            launch("contrastLoss").arg(pairCount).arg(tau).arg(room).arg(out).groups(1);
            if (dGates != null) {
                launch("contrastGates")
                        .arg(pairCount)
                        .arg(experts)
                        .arg(tau)
                        .arg(products)
                        .arg(expertsOf)
                        .arg(room)
                        .arg(floats(dGates, (long) pairCount * experts))
                        .groups(pairCount);
            }
            // Last, as it may write where the products are.
            launch("contrastGrad")
                    .arg(pairCount)
                    .arg(tau)
                    .arg(products)
                    .arg(expertsOf)
                    .arg(room)
                    .arg(gradient)
                    .groups(pairCount);
        }
    }

    /** As {@link Mixture#tokenContrast}. */
    void tokenContrast(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d) {
        long numbers = (long) tokens * experts * experts;
        DeviceMemory products = floats(s, numbers);
        DeviceMemory chosen = ints(selected, (long) tokens * k);
        DeviceMemory out = floats(loss, 1);
        DeviceMemory gradient = floats(d, numbers);
        double terms = (double) tokens * k * (k - 1);
        String constants = "-DEXPERTS=" + experts;
        synchronized (scratch) {
            cl_mem losses = scratch.floats(Math.max(1, tokens));
            launch("tokenContrast", constants)
                    .arg(k)
                    .arg(tau)
                    .arg(eps)
                    .arg(terms > 0 ? (float) (1 / (terms * tau)) : 0)
                    .arg(products)
                    .arg(chosen)
                    .arg(losses)
                    .arg(gradient)
                    .arg(commands.faults())
                    .groups(tokens);
            launch("sumTerms")
                    .arg(tokens)
                    .arg(losses)
                    .arg(terms > 0 ? (float) (1 / terms) : 0)
                    .arg(out)
                    .groups(1);
        }
    }

    /** {@code out_0 = scale * } the sum of n numbers at the beginning of the scratch. */
    void sumTerms(int n, cl_mem terms, float scale, DeviceMemory out) {
        launch("sumTerms").arg(n).arg(terms).arg(scale).arg(out).groups(1);
    }
}
