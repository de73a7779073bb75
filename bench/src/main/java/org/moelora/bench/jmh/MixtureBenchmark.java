package org.moelora.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.moelora.kernels.DType;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Sink;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The mixture's own kernels for 1,000 tokens, 8 experts of rank 4, two chosen, 512 pairs. The score is {@code gigabyte}. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class MixtureBenchmark {
    private static final int TOKENS = 1000;
    private static final int EXPERTS = 8;
    private static final int CHOSEN = 2;
    private static final int RANK = 4;
    private static final int PAIRS = 512;
    private static final int WIDTH = EXPERTS * RANK;

    private Memory[] perExpert = {};
    private Memory[] perRank = {};
    private Memory[] small = {};
    private Memory[] pairs = {};
    private Memory[] products = {};
    private Memory[] ids = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        long table = (long) TOKENS * EXPERTS;
        perExpert = new Memory[] {on.normal(table), on.normal(table), on.normal(table)};
        on.kernels().rows().softmax(TOKENS, EXPERTS, perExpert[0], perExpert[0]);
        long wide = (long) TOKENS * WIDTH;
        perRank = new Memory[] {on.normal(wide), on.normal(wide), on.normal(wide)};
        long square = (long) PAIRS * PAIRS;
        small = new Memory[] {on.normal(EXPERTS), on.normal(1)};
        pairs = new Memory[] {on.normal((long) PAIRS * WIDTH)};
        products = new Memory[] {on.normal(1), on.normal(square), on.normal(square)};
        ids = new Memory[] {
            on.device().allocate(DType.I32, (long) TOKENS * CHOSEN, Owner.TAPE),
            on.indices(PAIRS, EXPERTS),
            on.distinct(PAIRS, TOKENS * CHOSEN)
        };
        on.kernels().mixture().topK(TOKENS, EXPERTS, CHOSEN, true, perExpert[0], ids[0], perExpert[1]);
        Matrix u = Matrix.of(perRank[0], PAIRS, WIDTH);
        on.kernels().matMul().gemm(1, u, u.t(), 0, Matrix.of(products[1], PAIRS, PAIRS));
    }

    @Benchmark
    public void topK(OnDevice on, OnDevice.Work work) {
        on.kernels().mixture().topK(TOKENS, EXPERTS, CHOSEN, true, perExpert[0], ids[0], perExpert[1]);
        work.floats(2.0 * TOKENS * EXPERTS);
    }

    @Benchmark
    public void gate(OnDevice on, OnDevice.Work work) {
        on.kernels().mixture().gate(TOKENS, EXPERTS, RANK, perRank[0], perExpert[0], perRank[1]);
        work.floats(2.0 * TOKENS * WIDTH);
    }

    @Benchmark
    public void gateGrad(OnDevice on, OnDevice.Work work) {
        on.kernels()
                .mixture()
                .gateGrad(TOKENS, EXPERTS, RANK, perRank[0], perExpert[0], perRank[1], perRank[2], perExpert[2]);
        work.floats(3.0 * TOKENS * WIDTH);
    }

    @Benchmark
    public void contrast(OnDevice on, OnDevice.Work work) {
        on.kernels().mixture().contrast(PAIRS, 0.1f, 1e-3f, products[1], ids[1], products[0], products[2]);
        work.floats(2.0 * PAIRS * PAIRS);
    }

    @Benchmark
    public void topKGrad(OnDevice on, OnDevice.Work work) {
        on.kernels()
                .mixture()
                .topKGrad(
                        TOKENS, EXPERTS, CHOSEN, true, perExpert[0], ids[0], perExpert[1], perExpert[1], perExpert[2]);
        work.floats(4.0 * TOKENS * EXPERTS);
    }

    @Benchmark
    public void balance(OnDevice on, OnDevice.Work work) {
        on.kernels().mixture().balance(TOKENS, EXPERTS, CHOSEN, perExpert[0], ids[0], small[0], small[1]);
        work.floats(1.0 * TOKENS * (EXPERTS + CHOSEN));
    }

    @Benchmark
    public void balanceGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().mixture().balanceGrad(TOKENS, EXPERTS, small[0], small[1], perExpert[2]);
        work.floats(1.0 * TOKENS * EXPERTS);
    }

    @Benchmark
    public void selectPairs(OnDevice on, OnDevice.Work work) {
        on.kernels().mixture().selectPairs(PAIRS, EXPERTS, RANK, CHOSEN, ids[2], ids[0], perRank[0], pairs[0], ids[1]);
        work.floats(2.0 * PAIRS * WIDTH);
    }

    @Benchmark
    public void selectPairsGrad(OnDevice on, OnDevice.Work work) {
        on.kernels()
                .mixture()
                .selectPairsGrad(PAIRS, EXPERTS, RANK, CHOSEN, ids[2], ids[0], pairs[0], Sink.onto(perRank[1]));
        work.floats(3.0 * PAIRS * RANK);
    }
}
