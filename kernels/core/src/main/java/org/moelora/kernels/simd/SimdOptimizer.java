package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Optimizer;
import org.moelora.kernels.cpu.Workers;

final class SimdOptimizer implements Optimizer {
    private final Workers workers;

    SimdOptimizer(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void norm(Memory x, Memory out) {
        MemorySegment xs = floats(x, x.length());
        MemorySegment os = floats(out, 1);
        set(os, 0, (float) Math.sqrt(Sums.blocked(workers, x.length(), (from, to) -> squares(xs, from, to))));
    }

    private static double squares(MemorySegment xs, long from, long to) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        long i = from;
        for (; i + 2L * COUNT <= to; i += 2L * COUNT) {
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, xs, i * Float.BYTES, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, xs, (i + COUNT) * Float.BYTES, ORDER);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        double sum = Lanes.sum(even.add(odd));
        for (; i < to; i++) {
            sum += (double) get(xs, i) * get(xs, i);
        }
        return Sums.holds(sum) ? sum : Sums.squares(xs, from, to, 0);
    }

    @Override
    public void clipScale(Memory norm, float maxNorm, Memory out) {
        double length = get(floats(norm, 1), 0);
        set(floats(out, 1), 0, maxNorm > 0 ? (float) Math.min(1, maxNorm / (length + 1e-6)) : 1);
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
        MemorySegment ws = floats(w, n);
        MemorySegment gs = floats(grad, n);
        MemorySegment ms = floats(m, n);
        MemorySegment vs = floats(v, n);
        float scale = get(floats(gradScale, 1), 0);
        float keep1 = (float) beta1;
        float keep2 = (float) beta2;
        float fresh1 = (float) (1 - beta1);
        float fresh2 = (float) (1 - beta2);
        float keepW = (float) (1 - rate * decay);
        float stride = (float) (-rate / (1 - Math.pow(beta1, (double) step)));
        float unbias = (float) (1 / Math.sqrt(1 - Math.pow(beta2, (double) step)));
        float floor = (float) eps;
        Ranges.run(workers, n, COUNT, 4, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector g =
                        FloatVector.fromMemorySegment(FLOATS, gs, at, ORDER).mul(scale);
                FloatVector mean = FloatVector.fromMemorySegment(FLOATS, ms, at, ORDER)
                        .mul(keep1)
                        .add(g.mul(fresh1));
                FloatVector square = FloatVector.fromMemorySegment(FLOATS, vs, at, ORDER)
                        .mul(keep2)
                        .add(g.mul(g).mul(fresh2));
                mean.intoMemorySegment(ms, at, ORDER);
                square.intoMemorySegment(vs, at, ORDER);
                FloatVector update =
                        mean.mul(stride).div(square.sqrt().mul(unbias).add(floor));
                FloatVector.fromMemorySegment(FLOATS, ws, at, ORDER)
                        .mul(keepW)
                        .add(update)
                        .intoMemorySegment(ws, at, ORDER);
            }
            for (; i < to; i++) {
                float g = get(gs, i) * scale;
                float mean = get(ms, i) * keep1 + g * fresh1;
                float square = get(vs, i) * keep2 + g * g * fresh2;
                set(ms, i, mean);
                set(vs, i, square);
                float update = mean * stride / ((float) Math.sqrt(square) * unbias + floor);
                set(ws, i, get(ws, i) * keepW + update);
            }
        });
    }
}
