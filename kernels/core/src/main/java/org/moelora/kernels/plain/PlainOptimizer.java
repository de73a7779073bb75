package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Optimizer;

final class PlainOptimizer implements Optimizer {
    /** {@code out = sqrt(sum_i x_i^2)}. */
    @Override
    public void norm(Memory x, Memory out) {
        MemorySegment xs = floats(x, x.length());
        double sum = 0;
        for (long i = 0; i < x.length(); i++) {
            sum += (double) get(xs, i) * get(xs, i);
        }
        set(floats(out, 1), 0, (float) Math.sqrt(sum));
    }

    /** {@code out = min(1, maxNorm / (norm + 1e-6))}. */
    @Override
    public void clipScale(Memory norm, float maxNorm, Memory out) {
        double length = get(floats(norm, 1), 0);
        set(floats(out, 1), 0, maxNorm > 0 ? (float) Math.min(1, maxNorm / (length + 1e-6)) : 1);
    }

    /**
     * {@code m = beta1 m + (1 - beta1) g}, {@code v = beta2 v + (1 - beta2) g^2}, {@code w = w (1 - rate decay) - rate mhat / (sqrt(vhat) + eps)}
     * with {@code mhat = m / (1 - beta1^step)}, {@code vhat = v / (1 - beta2^step)}.
     */
    @Override
    public void adamW(
            Memory w,
            Memory grad,
            Memory m,
            Memory v,
            Memory gradScale,
            double rate,
            double beta1,
            double beta2,
            double eps,
            double decay,
            long step) {
        long n = w.length();
        MemorySegment ws = floats(w, n);
        MemorySegment gs = floats(grad, n);
        MemorySegment ms = floats(m, n);
        MemorySegment vs = floats(v, n);
        double scale = get(floats(gradScale, 1), 0);
        double bias1 = 1 - Math.pow(beta1, (double) step);
        double bias2 = 1 - Math.pow(beta2, (double) step);
        for (long i = 0; i < n; i++) {
            double g = scale * get(gs, i);
            double mean = beta1 * get(ms, i) + (1 - beta1) * g;
            double square = beta2 * get(vs, i) + (1 - beta2) * g * g;
            set(ms, i, (float) mean);
            set(vs, i, (float) square);
            double update = mean / bias1 / (Math.sqrt(square / bias2) + eps);
            set(ws, i, (float) (get(ws, i) * (1 - rate * decay) - rate * update));
        }
    }
}
