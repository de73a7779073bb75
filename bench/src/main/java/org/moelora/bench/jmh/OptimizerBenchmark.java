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

/** Passes over two million parameters. The score is {@code gigabyte}. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class OptimizerBenchmark {
    private static final int PARAMETERS = 2_000_000;

    private Memory[] blocks = {};
    private Memory[] small = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        blocks = on.normals(4, PARAMETERS);
        on.kernels().elementwise().multiply(blocks[3], blocks[3], blocks[3]);
        small = on.normals(2, 2);
    }

    @Benchmark
    public void adamW(OnDevice on, OnDevice.Work work) {
        Memory[] b = blocks;
        on.kernels().optimizer().adamW(b[0], b[1], b[2], b[3], small[0].slice(0, 1), 1e-6, 0.9, 0.999, 1e-8, 0, 3);
        work.floats(7.0 * PARAMETERS);
    }

    @Benchmark
    public void norm(OnDevice on, OnDevice.Work work) {
        on.kernels().optimizer().norm(blocks[1], small[0]);
        work.floats(PARAMETERS);
    }

    @Benchmark
    public void clipScale(OnDevice on, OnDevice.Work work) {
        on.kernels().optimizer().clipScale(small[0], 1, small[1]);
        work.floats(3.0);
    }
}
