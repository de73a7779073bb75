package org.moelora.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
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

/**
 * Products of the shapes that training has. The score of interest is {@code gigaflop}. With {@code -prof gc}, {@code gc.alloc.rate.norm} of
 * cpu-simd must stay at a few hundred bytes.
 */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class MatMulBenchmark {
    /** {@code C = A B}: m x n x k and which operand is transposed. */
    @State(Scope.Benchmark)
    public static class Gemm {
        @Param({
            "512x512x512 NN", // the usual yardstick
            "1000x192x192 NT", // a projection of a small model
            "1000x512x192 NT", // its gated linear
            "1000x1300x192 NT", // its logits
            "512x192x1000 TN", // the gradient of a weight
            "1000x32x192 NT", // down to rank 32
            "1000x192x32 NT", // and up again
            "32x192x1000 TN", // the gradient of an adapter's A
            "1000x8x192 NT" // a router
        })
        public String shape = "";

        int m;
        int n;
        int k;
        private Matrix[] operands = {};

        @Setup(Level.Trial)
        public void setUp(OnDevice on) {
            String[] parts = shape.split("[x ]", 4);
            m = Integer.parseInt(parts[0]);
            n = Integer.parseInt(parts[1]);
            k = Integer.parseInt(parts[2]);
            operands = new Matrix[] {
                matrix(on, m, k, parts[3].charAt(0)), matrix(on, k, n, parts[3].charAt(1)), matrix(on, m, n, 'N')
            };
        }

        private static Matrix matrix(OnDevice on, int rows, int cols, char kind) {
            Memory memory = on.normal((long) rows * cols);
            return kind == 'T' ? Matrix.of(memory, cols, rows).t() : Matrix.of(memory, rows, cols);
        }
    }

    @Benchmark
    public void gemm(OnDevice on, Gemm g, OnDevice.Work work) {
        on.kernels().matMul().gemm(1, g.operands[0], g.operands[1], 0, g.operands[2]);
        work.multiplyAdds((double) g.m * g.n * g.k);
    }

    /** {@code y = x W^T} with a frozen weight: rows x out x in. */
    @State(Scope.Benchmark)
    public static class Linear {
        @Param({"1x1536x576", "8x1536x576", "500x512x192", "512x1536x576"})
        public String shape = "";

        @Param({"F32", "BF16", "F16"})
        public DType dtype = DType.F32;

        int rows;
        int out;
        int in;
        private Memory[] operands = {};
        private Frozen[] weight = {};

        @Setup(Level.Trial)
        public void setUp(OnDevice on) {
            String[] parts = shape.split("x", 3);
            rows = Integer.parseInt(parts[0]);
            out = Integer.parseInt(parts[1]);
            in = Integer.parseInt(parts[2]);
            operands = new Memory[] {on.normal((long) rows * in), on.normal((long) rows * out)};
            MemorySegment zeros = Arena.ofAuto().allocate((long) out * in * dtype.bytes(), 64);
            weight = new Frozen[] {on.device().freeze(zeros, dtype, out, in)};
        }
    }

    @Benchmark
    public void linear(OnDevice on, Linear l, OnDevice.Work work) {
        on.kernels().matMul().linear(l.rows, l.operands[0], l.weight[0], l.operands[1]);
        work.multiplyAdds((double) l.rows * l.out * l.in);
    }

    @Benchmark
    public void linearGrad(OnDevice on, Linear l, OnDevice.Work work) {
        on.kernels().matMul().linearGrad(l.rows, l.operands[1], l.weight[0], l.operands[0]);
        work.multiplyAdds((double) l.rows * l.out * l.in);
    }
}
