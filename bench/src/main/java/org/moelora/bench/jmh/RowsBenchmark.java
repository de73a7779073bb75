package org.moelora.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.moelora.kernels.Memory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Kernels over rows, at the sizes of a small model: 1,000 tokens, 192 wide, a vocabulary of 1,300. The score is {@code gigabyte}. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class RowsBenchmark {
    private static final int TOKENS = 1000;
    private static final int HIDDEN = 192;
    private static final int HEAD = 32;
    private static final int CLASSES = 1300;
    private static final double[] FREQUENCIES = new double[HEAD / 2];

    private Memory[] x = {};
    private Memory[] logits = {};
    private Memory[] small = {};
    private Memory[] table = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        x = on.normals(3, (long) TOKENS * HIDDEN);
        logits = on.normals(3, (long) TOKENS * CLASSES);
        on.kernels().rows().softmax(TOKENS, CLASSES, logits[0], logits[0]);
        small = on.normals(3, TOKENS);
        table = new Memory[] {on.normal((long) TOKENS * HEAD), on.indices(TOKENS, TOKENS)};
    }

    @Benchmark
    public void softmax(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().softmax(TOKENS, CLASSES, logits[0], logits[1]);
        work.floats(2.0 * TOKENS * CLASSES);
    }

    @Benchmark
    public void softmaxGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().softmaxGrad(TOKENS, CLASSES, logits[0], logits[1], logits[2]);
        work.floats(3.0 * TOKENS * CLASSES);
    }

    @Benchmark
    public void rmsNorm(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rmsNorm(TOKENS, HIDDEN, 1e-5f, x[0], small[0], x[1], small[1]);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void rmsNormGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rmsNormGrad(TOKENS, HIDDEN, x[0], small[0], small[1], x[1], x[2]);
        work.floats(3.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void rmsNormWeightGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rmsNormWeightGrad(TOKENS, HIDDEN, x[0], small[1], x[1], small[2]);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void addBias(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().addBias(TOKENS, HIDDEN, small[0], x[2]);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void columnSum(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().columnSum(TOKENS, HIDDEN, x[0], small[2]);
        work.floats(1.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void ropeTable(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().ropeTable(TOKENS, FREQUENCIES, table[1], table[0]);
        work.floats(1.0 * TOKENS * HEAD);
    }

    @Benchmark
    public void rope(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rope(TOKENS, HIDDEN / HEAD, HEAD, table[0], false, false, x[0], x[1]);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void sum(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().sum(x[0], 1, small[2]);
        work.floats(1.0 * TOKENS * HIDDEN);
    }
}
