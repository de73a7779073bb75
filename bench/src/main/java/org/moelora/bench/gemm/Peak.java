package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Vectors.FLOATS;
import static org.moelora.bench.gemm.Vectors.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** What the machine can do at most: multiply-adds that never leave the registers. */
final class Peak {
    /** More chains than multiply-adds can be under way at once (latency x throughput: 8 to 10), and no more than registers. */
    private static final int CHAINS = 12;

    private Peak() {}

    /** Floating-point operations of {@link #run}. */
    static double flops(int steps) {
        return 2.0 * CHAINS * L * steps;
    }

    /** Each chain goes {@code x = x f + s}, towards 2. */
    static float run(int steps) {
        FloatVector f = FloatVector.broadcast(FLOATS, 0.5f);
        FloatVector s = FloatVector.broadcast(FLOATS, 1);
        FloatVector x0 = FloatVector.zero(FLOATS);
        FloatVector x1 = FloatVector.broadcast(FLOATS, 1);
        FloatVector x2 = FloatVector.broadcast(FLOATS, 2);
        FloatVector x3 = FloatVector.broadcast(FLOATS, 3);
        FloatVector x4 = FloatVector.broadcast(FLOATS, 4);
        FloatVector x5 = FloatVector.broadcast(FLOATS, 5);
        FloatVector x6 = FloatVector.broadcast(FLOATS, 6);
        FloatVector x7 = FloatVector.broadcast(FLOATS, 7);
        FloatVector x8 = FloatVector.broadcast(FLOATS, 8);
        FloatVector x9 = FloatVector.broadcast(FLOATS, 9);
        FloatVector x10 = FloatVector.broadcast(FLOATS, 10);
        FloatVector x11 = FloatVector.broadcast(FLOATS, 11);
        for (int i = 0; i < steps; i++) {
            x0 = x0.fma(f, s);
            x1 = x1.fma(f, s);
            x2 = x2.fma(f, s);
            x3 = x3.fma(f, s);
            x4 = x4.fma(f, s);
            x5 = x5.fma(f, s);
            x6 = x6.fma(f, s);
            x7 = x7.fma(f, s);
            x8 = x8.fma(f, s);
            x9 = x9.fma(f, s);
            x10 = x10.fma(f, s);
            x11 = x11.fma(f, s);
        }
        FloatVector left = x0.add(x1).add(x2).add(x3).add(x4).add(x5);
        FloatVector right = x6.add(x7).add(x8).add(x9).add(x10).add(x11);
        return left.add(right).reduceLanes(VectorOperators.ADD);
    }
}
