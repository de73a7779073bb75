package org.moelora.bench.jmh;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Ragged;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Causal attention over sequences of one length. Multiply-adds above the diagonal are not counted. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class AttentionBenchmark {
    /** Sequences x length x heads x key/value heads x head dim. */
    @Param({"40x25x6x3x32", "4x256x6x3x32", "1x1024x9x3x64"})
    public String shape = "";

    private Attention.Plan plan = new Attention.Plan(1, 1, 1, 1, Ragged.self(0));
    private double multiplyAdds;
    private Attention.Inputs[] in = {};
    private Memory[] rows = {};
    private Attention.Gradients[] gradients = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        int[] s = Arrays.stream(shape.split("x", 5)).mapToInt(Integer::parseInt).toArray();
        int[] starts = new int[s[0] + 1];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = i * s[1];
        }
        plan = new Attention.Plan(s[2], s[3], s[4], (float) (1 / Math.sqrt(s[4])), Ragged.self(starts));
        multiplyAdds = s[0] * (s[1] * (s[1] + 1.0) / 2) * s[2] * s[4];
        long queries = (long) s[0] * s[1] * s[2] * s[4];
        long keys = (long) s[0] * s[1] * s[3] * s[4];
        in = new Attention.Inputs[] {new Attention.Inputs(on.normal(queries), on.normal(keys), on.normal(keys))};
        rows = new Memory[] {on.normal(queries), on.normal((long) s[0] * s[1] * s[2]), on.normal(queries)};
        gradients =
                new Attention.Gradients[] {new Attention.Gradients(on.normal(queries), on.normal(keys), on.normal(keys))
                };
        on.kernels().attention().forward(plan, in[0], rows[0], rows[1]);
    }

    @Benchmark
    public void forward(OnDevice on, OnDevice.Work work) {
        on.kernels().attention().forward(plan, in[0], rows[0], rows[1]);
        work.multiplyAdds(2 * multiplyAdds);
    }

    @Benchmark
    public void backward(OnDevice on, OnDevice.Work work) {
        on.kernels().attention().backward(plan, in[0], rows[0], rows[1], rows[2], gradients[0]);
        work.multiplyAdds(5 * multiplyAdds);
    }
}
