package org.moelora.kernels.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Sink;

/** {@link org.moelora.kernels.MatMul} against plain. */
public abstract class MatMulConformance extends Conformance {
    private static final String FROZEN = """
        0, 3, 5
        1, 1, 1
        1, 207, 13
        3, 33, 702
        8, 31, 16
        9, 17, 33
        207, 33, 31
        50, 702, 207
        """;

    record Size(int m, int n, int k) {}

    /** Every combination of small awkward sizes, each with one of the five kinds of call. */
    @Test
    void gemmOfSmallSizes() {
        int[] lengths = {0, 1, 13, 17, 33};
        int kind = 0;
        for (int m : lengths) {
            for (int n : lengths) {
                for (int k : lengths) {
                    gemm(new Size(m, n, k), kind++);
                    gemm(new Size(m, n, k), kind++);
                }
            }
        }
    }

    /** Large enough to be cut into tasks, blocks of the depth and blocks of columns. */
    static List<Size> large() {
        return List.of(
                new Size(207, 31, 16),
                new Size(16, 702, 207),
                new Size(702, 13, 257),
                new Size(4, 207, 702),
                new Size(70, 1100, 32),
                new Size(207, 129, 702),
                new Size(256, 64, 256));
    }

    @ParameterizedTest
    @MethodSource("large")
    void gemmOfLargeSizes(Size size) {
        for (int kind = 0; kind < 5; kind++) {
            gemm(size, kind);
        }
    }

    private void gemm(Size size, int kind) {
        switch (kind % 5) {
            case 0 -> gemm(size, false, false, 1, 0, 0);
            case 1 -> gemm(size, false, true, -0.5f, 1, 3);
            case 2 -> gemm(size, true, false, 1, 0, 1);
            case 3 -> gemm(size, true, true, 2, 0.25f, 2);
            default -> gemm(size, false, true, 1, 0, 0);
        }
    }

    /** With {@code gap} foreign elements at the beginning of each row, which C must keep. */
    private void gemm(Size size, boolean transposeA, boolean transposeB, float alpha, float beta, int gap) {
        float[] a = normal((transposeA ? size.k : size.m) * ((transposeA ? size.m : size.k) + gap));
        float[] b = normal((transposeB ? size.n : size.k) * ((transposeB ? size.k : size.n) + 2 * gap));
        float[] c = normal(size.m * (size.n + gap));
        String what = size + (transposeA ? " A^T" : " A") + (transposeB ? " B^T" : " B") + " beta " + beta;
        check(what, sumTolerance(size.k) * Math.max(1, Math.abs(alpha)), s -> {
            Memory out = beta == 0 && gap == 0 ? s.out(c.length) : s.inOut(c);
            Matrix as = matrix(s.of(a), size.m, size.k, transposeA, gap);
            Matrix bs = matrix(s.of(b), size.k, size.n, transposeB, 2 * gap);
            s.kernels().matMul().gemm(alpha, as, bs, beta, matrix(out, size.m, size.n, false, gap));
        });
    }

    /** The last columns of memory whose rows are longer by {@code gap}. */
    private static Matrix matrix(Memory memory, int rows, int cols, boolean transposed, int gap) {
        return transposed
                ? matrix(memory, cols, rows, false, gap).t()
                : Matrix.of(memory, rows, cols + gap).columns(gap, cols);
    }

    /** How many, then m, n and k of each: single numbers, few rows, more than a tile, and more than one is worth a thread. */
    @ParameterizedTest
    @CsvSource({
        "0, 3, 3, 3",
        "5, 1, 1, 1",
        "3, 0, 2, 2",
        "4, 2, 3, 0",
        "7, 13, 17, 1",
        "9, 1, 33, 16",
        "9, 33, 1, 16",
        "33, 8, 8, 64",
        "300, 4, 4, 16",
        "130, 8, 32, 17",
        "70, 16, 16, 31",
        "17, 31, 65, 33",
        "3, 207, 129, 70"
    })
    void gemmBatched(int batch, int m, int n, int k) {
        float[] a = normal(batch * m * k);
        float[] b = normal(batch * k * n);
        float[] c = normal(batch * m * n);
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (float beta : new float[] {0, 1, 0.25f}) {
                    float alpha = beta == 1 ? -0.5f : 1;
                    check(
                            "gemmBatched" + (transposeA ? " A^T" : " A") + (transposeB ? " B^T" : " B"),
                            sumTolerance(k),
                            s -> s.kernels()
                                    .matMul()
                                    .gemmBatched(
                                            batch,
                                            alpha,
                                            stack(s.of(a), batch, m, k, transposeA),
                                            stack(s.of(b), batch, k, n, transposeB),
                                            beta,
                                            stack(s.out(beta != 0, c), batch, m, n, false)));
                }
            }
        }
    }

    private static Matrix stack(Memory memory, int batch, int rows, int cols, boolean transposed) {
        return transposed ? Matrix.of(memory, batch * cols, rows).t() : Matrix.of(memory, batch * rows, cols);
    }

    @ParameterizedTest
    @CsvSource(textBlock = FROZEN)
    void frozenF32(int rows, int out, int in) {
        frozen(DType.F32, rows, out, in);
    }

    @ParameterizedTest
    @CsvSource(textBlock = FROZEN)
    void frozenBf16(int rows, int out, int in) {
        frozen(DType.BF16, rows, out, in);
    }

    @ParameterizedTest
    @CsvSource(textBlock = FROZEN)
    void frozenF16(int rows, int out, int in) {
        frozen(DType.F16, rows, out, in);
    }

    /** Rows longer than any buffer, and enough of them for several tasks of a decoding step. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16", "F16"})
    void frozenWideRows(DType dtype) {
        frozen(dtype, 1, 21, 9001);
        frozen(dtype, 8, 6, 33_000);
        frozen(dtype, 2, 1031, 130);
    }

    /** Blocks are read whole, and in halves where the depth is cut; rows are of one block, of several, and longer than any buffer. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F32", "BF16", "F16", "I32"})
    void frozenBlocks(DType dtype) {
        frozen(dtype, 0, 3, 256);
        frozen(dtype, 1, 207, 256);
        frozen(dtype, 1, 5, 9001);
        frozen(dtype, 8, 31, 768);
        frozen(dtype, 9, 17, 256);
        frozen(dtype, 50, 702, 512);
    }

    /** Of every format, with odd lengths, more rows than a kernel takes at once, rows that are long for it, and enough of W for several tasks. */
    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "I32")
    void linearByRowGivesEveryRowTheBitsThatItHasAlone(DType dtype) {
        for (int rows : new int[] {0, 1, 2, 3, 5, 8, 9, 19}) {
            byRow(dtype, rows, 33, 207);
        }
        byRow(dtype, 3, 5, 31);
        byRow(dtype, 6, 4, 16_700);
        byRow(dtype, 2, 3, 66_000);
        byRow(dtype, 7, 530, 256);
    }

    private void byRow(DType dtype, int rows, int out, int atLeast) {
        Weights w = Weights.random(dtype, out, atLeast, random);
        int in = w.cols();
        float[] x = normal(rows * in);
        float[] y = normal(rows * out);
        for (boolean accumulate : new boolean[] {false, true}) {
            Device device = subject();
            try (Frozen weight = w.on(device);
                    Memory xs = device.allocate(DType.F32, x.length, Owner.TAPE);
                    Memory together = device.allocate(DType.F32, y.length, Owner.TAPE);
                    Memory alone = device.allocate(DType.F32, y.length, Owner.TAPE)) {
                device.write(x, xs, 0);
                device.write(y, together, 0);
                device.write(y, alone, 0);
                MatMul matMul = device.kernels().matMul();
                matMul.linearByRow(rows, xs, weight, accumulate ? Sink.onto(together) : together);
                for (int t = 0; t < rows; t++) {
                    Memory row = xs.slice((long) t * in, in);
                    Memory result = alone.slice((long) t * out, out);
                    matMul.linear(1, row, weight, accumulate ? Sink.onto(result) : result);
                }
                assertThat(floats(device, together))
                        .as(dtype + " " + rows + " rows of " + in)
                        .isEqualTo(floats(device, alone));
            }
        }
    }

    /** A row of a product with matrices that may learn has the same bits alone and in company: 1 to 20 rows. */
    @Test
    void gemmGivesEveryRowTheBitsThatItHasAlone() {
        int[][] sizes = {{33, 207}, {8, 64}, {192, 32}, {530, 402}};
        for (int[] size : sizes) {
            int n = size[0];
            int k = size[1];
            int most = 20;
            float[] a = normal(most * k);
            float[] b = normal(n * k);
            Device device = subject();
            try (Memory as = device.allocate(DType.F32, a.length, Owner.TAPE);
                    Memory bs = device.allocate(DType.F32, b.length, Owner.TAPE);
                    Memory together = device.allocate(DType.F32, (long) most * n, Owner.TAPE);
                    Memory alone = device.allocate(DType.F32, (long) most * n, Owner.TAPE)) {
                device.write(a, as, 0);
                device.write(b, bs, 0);
                MatMul matMul = device.kernels().matMul();
                Matrix right = Matrix.of(bs, n, k).t();
                for (int t = 0; t < most; t++) {
                    Matrix row = Matrix.of(as.slice((long) t * k, k), 1, k);
                    matMul.gemm(1, row, right, 0, Matrix.of(alone.slice((long) t * n, n), 1, n));
                }
                for (int rows = 1; rows <= most; rows++) {
                    Matrix result = Matrix.of(together.slice(0, (long) rows * n), rows, n);
                    matMul.gemm(1, Matrix.of(as.slice(0, (long) rows * k), rows, k), right, 0, result);
                    float[] expected = Arrays.copyOf(floats(device, alone), rows * n);
                    assertThat(Arrays.copyOf(floats(device, together), rows * n))
                            .isEqualTo(expected);
                }
            }
        }
    }

    private static float[] floats(Device device, Memory memory) {
        float[] values = new float[(int) memory.length()];
        device.read(memory, 0, values);
        return values;
    }

    private void frozen(DType dtype, int rows, int out, int atLeast) {
        Weights w = Weights.random(dtype, out, atLeast, random);
        int in = w.cols();
        float[] x = normal(rows * in);
        float[] y = normal(rows * out);
        for (SinkKind kind : SinkKind.values()) {
            check("linear " + dtype, sumTolerance(in), s -> {
                try (Frozen weight = w.on(s.device())) {
                    s.kernels().matMul().linear(rows, s.of(x), weight, s.sink(kind, y));
                }
            });
            check("linearGrad " + dtype, sumTolerance(out), s -> {
                try (Frozen weight = w.on(s.device())) {
                    s.kernels().matMul().linearGrad(rows, s.of(y), weight, s.sink(kind, x));
                }
            });
        }
    }
}
