package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import org.jocl.cl_mem;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Optimizer;

/** {@code optimizer.cl}. */
final class OpenClOptimizer extends Family implements Optimizer {
    private final Scratch scratch;

    OpenClOptimizer(Commands commands, Programs programs, Scratch scratch) {
        super("optimizer", commands, programs);
        this.scratch = scratch;
    }

    @Override
    public void norm(Memory x, Memory out) {
        DeviceMemory to = floats(out, 1);
        int groups = groups(x.length());
        synchronized (scratch) {
            cl_mem norms = scratch.floats(groups);
            launch("norms").arg(x.length()).arg(floats(x, 0)).arg(norms).groups(groups);
            launch("normOfNorms").arg(groups).arg(norms).arg(to).groups(1);
        }
    }

    @Override
    public void clipScale(Memory norm, float maxNorm, Memory out) {
        launch("clipScale")
                .arg(floats(norm, 1))
                .arg(maxNorm)
                .arg(floats(out, 1))
                .groups(1);
    }

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
        launch("adamW")
                .arg(n)
                .arg(floats(w, n))
                .arg(floats(grad, n))
                .arg(floats(m, n))
                .arg(floats(v, n))
                .arg(floats(gradScale, 1))
                .arg((float) rate)
                .arg((float) beta1)
                .arg((float) (1 - beta1))
                .arg((float) beta2)
                .arg((float) (1 - beta2))
                .arg((float) eps)
                .arg((float) (1 - rate * decay))
                .arg((float) (1 / (1 - Math.pow(beta1, (double) step))))
                .arg((float) (1 / (1 - Math.pow(beta2, (double) step))))
                .items(n);
    }
}
