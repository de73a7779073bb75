package org.moelora.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Memory;
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

/** Rows by index and the loss over a vocabulary: 1,000 tokens, 192 wide, 1,300 classes. The score is {@code gigabyte}. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class TokensBenchmark {
    private static final int TOKENS = 1000;
    private static final int HIDDEN = 192;
    private static final int CLASSES = 1300;

    private Memory[] x = {};
    private Memory[] table = {};
    private Memory[] logits = {};
    private Memory[] losses = {};
    private Memory[] ids = {};
    private Frozen[] weight = {};

    @Setup(Level.Trial)
    public void setUp(OnDevice on) {
        x = on.normals(1, (long) TOKENS * HIDDEN);
        table = on.normals(1, (long) CLASSES * HIDDEN);
        logits = on.normals(2, (long) TOKENS * CLASSES);
        losses = on.normals(1, TOKENS);
        ids = new Memory[] {on.indices(TOKENS, CLASSES)};
        MemorySegment zeros = Arena.ofAuto().allocate((long) CLASSES * HIDDEN * DType.BF16.bytes(), 64);
        weight = new Frozen[] {on.device().freeze(zeros, DType.BF16, CLASSES, HIDDEN)};
    }

    @Benchmark
    public void embed(OnDevice on, OnDevice.Work work) {
        on.kernels().tokens().embed(TOKENS, ids[0], weight[0], x[0]);
        work.floats(1.5 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void gather(OnDevice on, OnDevice.Work work) {
        on.kernels().tokens().gather(TOKENS, HIDDEN, ids[0], table[0], x[0]);
        work.floats(2.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void scatterAdd(OnDevice on, OnDevice.Work work) {
        on.kernels().tokens().scatterAdd(TOKENS, HIDDEN, ids[0], x[0], Sink.onto(table[0]));
        work.floats(3.0 * TOKENS * HIDDEN);
    }

    @Benchmark
    public void crossEntropy(OnDevice on, OnDevice.Work work) {
        on.kernels().tokens().crossEntropy(TOKENS, CLASSES, logits[0], ids[0], 1, losses[0], logits[1]);
        work.floats(2.0 * TOKENS * CLASSES);
    }
}
