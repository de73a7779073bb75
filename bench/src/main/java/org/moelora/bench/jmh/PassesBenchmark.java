package org.moelora.bench.jmh;

import java.util.Arrays;
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

/** Kernels that pass over their numbers once or twice, at the sizes of a small model: 1,000 tokens, 192 wide. The score is {@code gigabyte}. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class PassesBenchmark {
    private static final int TOKENS = 1000;
    private static final int HIDDEN = 192;
    private static final int INNER = 512;
    private static final int CLASSES = 1300;
    private static final int PARAMETERS = 2_000_000;

    private Memory[] x = {};
    private Memory[] inner = {};
    private Memory[] logits = {};
    private Memory[] moments = {};
    private Memory[] small = {};
    private Memory[] ids = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        x = spans(on, 3, (long) TOKENS * HIDDEN);
        inner = spans(on, 5, (long) TOKENS * INNER);
        logits = spans(on, 2, (long) TOKENS * CLASSES);
        moments = spans(on, 4, PARAMETERS);
        on.kernels().elementwise().multiply(moments[3], moments[3], moments[3], false);
        small = spans(on, 3, 2000);
        ids = new Memory[] {on.indices(TOKENS, CLASSES)};
    }

    private static Memory[] spans(OnDevice on, int count, long length) {
        Memory[] spans = new Memory[count];
        Arrays.setAll(spans, i -> on.normal(length));
        return spans;
    }

    @Benchmark
    public void rmsNorm(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rmsNorm(TOKENS, HIDDEN, 1e-5f, x[0], small[0], x[1], small[1]);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void rmsNormGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rmsNormGrad(TOKENS, HIDDEN, x[0], small[0], small[1], x[1], x[2], false);
        work.floats(3.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void rope(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().rope(TOKENS, HIDDEN / 32, 32, inner[0], false, x[0], x[1], false);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void softmax(OnDevice on, OnDevice.Work work) {
        on.kernels().rows().softmax(TOKENS, CLASSES, logits[0], logits[1]);
        work.floats(2.0 * TOKENS * CLASSES);
    }

    @Benchmark
    public void add(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().add(x[0], x[1], x[2]);
        work.floats(3.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void swiGlu(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().swiGlu(inner[0], inner[1], inner[2]);
        work.floats(3.0 * TOKENS * INNER);
    }

    @Benchmark
    public void swiGluGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().swiGluGrad(inner[0], inner[1], inner[2], inner[3], false, inner[4], false);
        work.floats(5.0 * TOKENS * INNER);
    }

    @Benchmark
    public void dropout(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().dropout(7, 0.1f, x[0], x[1], false);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void crossEntropy(OnDevice on, OnDevice.Work work) {
        on.kernels().tokens().crossEntropy(TOKENS, CLASSES, logits[0], ids[0], 1, small[0], logits[1]);
        work.floats(2.0 * TOKENS * CLASSES);
    }

    @Benchmark
    public void adamW(OnDevice on, OnDevice.Work work) {
        Memory[] m = moments;
        on.kernels().optimizer().adamW(m[0], m[1], m[2], m[3], small[2], 1e-6, 0.9, 0.999, 1e-8, 0, 3);
        work.floats(7.0 * PARAMETERS);
    }

    @Benchmark
    public void sumOfSquares(OnDevice on, OnDevice.Work work) {
        on.kernels().optimizer().sumOfSquares(moments[1], small[1]);
        work.floats(PARAMETERS);
    }
}
