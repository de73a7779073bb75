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

/** Kernels over all elements, at the size of a small model's gated linear: 1,000 tokens, 512 wide. The score is {@code gigabyte}. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class ElementwiseBenchmark {
    private static final int SIZE = 1000 * 512;

    private Memory[] x = {};
    private Memory[] one = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        x = on.normals(5, SIZE);
        one = on.normals(1, 1);
    }

    @Benchmark
    public void fill(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().fill(x[4], 1);
        work.floats(SIZE);
    }

    @Benchmark
    public void scale(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().scale(0.5f, x[0], x[4]);
        work.floats(2.0 * SIZE);
    }

    @Benchmark
    public void scaleBy(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().scaleBy(one[0], x[0], x[4]);
        work.floats(2.0 * SIZE);
    }

    @Benchmark
    public void add(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().add(x[0], x[1], x[4]);
        work.floats(3.0 * SIZE);
    }

    @Benchmark
    public void multiply(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().multiply(x[0], x[1], x[4]);
        work.floats(3.0 * SIZE);
    }

    @Benchmark
    public void swiGlu(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().swiGlu(x[0], x[1], x[4]);
        work.floats(3.0 * SIZE);
    }

    @Benchmark
    public void swiGluGrad(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().swiGluGrad(x[0], x[1], x[2], x[3], x[4]);
        work.floats(5.0 * SIZE);
    }

    @Benchmark
    public void dropout(OnDevice on, OnDevice.Work work) {
        on.kernels().elementwise().dropout(7, 0.1f, x[0], x[4]);
        work.floats(2.0 * SIZE);
    }
}
