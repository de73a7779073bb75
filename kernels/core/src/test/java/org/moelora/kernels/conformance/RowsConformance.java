package org.moelora.kernels.conformance;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/** {@link org.moelora.kernels.Rows} against plain. */
public abstract class RowsConformance extends Conformance {
    private static final String SIZES = """
        0, 5
        1, 1
        3, 8
        2, 13
        5, 16
        4, 17
        33, 31
        7, 33
        207, 17
        702, 8
        64, 207
        130, 702
        """;

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void softmax(int rows, int cols) {
        float[] x = normal(rows * cols);
        for (int i = 0; i < x.length; i++) {
            x[i] *= i % 5 == 0 ? 30 : 3;
        }
        check("softmax", 1e-5, s -> s.kernels().rows().softmax(rows, cols, s.of(x), s.out(rows * cols)));
        check("softmax in place", 1e-5, s -> {
            Memory y = s.inOut(x);
            s.kernels().rows().softmax(rows, cols, y, y);
        });
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void softmaxGrad(int rows, int cols) {
        float[] y = normal(rows * cols);
        float[] dy = normal(rows * cols);
        float[] dx = normal(rows * cols);
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "softmaxGrad",
                    sumTolerance(cols) * 4,
                    s -> s.kernels().rows().softmaxGrad(rows, cols, s.of(y), s.of(dy), s.sink(kind, dx)));
        }
        check("softmaxGrad in place", sumTolerance(cols) * 4, s -> {
            Memory d = s.inOut(dy);
            s.kernels().rows().softmaxGrad(rows, cols, s.of(y), d, d);
        });
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void rmsNorm(int rows, int cols) {
        float[] x = normal(rows * cols);
        float[] weight = normal(cols);
        check(
                "rmsNorm",
                1e-5,
                s -> s.kernels()
                        .rows()
                        .rmsNorm(rows, cols, 1e-5f, s.of(x), s.of(weight), s.out(rows * cols), s.out(rows)));
        check("rmsNorm in place", 1e-5, s -> {
            Memory y = s.inOut(x);
            s.kernels().rows().rmsNorm(rows, cols, 1e-5f, y, s.of(weight), y, s.out(rows));
        });
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void rmsNormGrad(int rows, int cols) {
        float[] x = normal(rows * cols);
        float[] weight = normal(cols);
        float[] rstd = normal(rows);
        float[] dy = normal(rows * cols);
        float[] dx = normal(rows * cols);
        float[] dw = normal(cols);
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "rmsNormGrad",
                    2e-5,
                    s -> s.kernels()
                            .rows()
                            .rmsNormGrad(rows, cols, s.of(x), s.of(weight), s.of(rstd), s.of(dy), s.sink(kind, dx)));
            check(
                    "rmsNormWeightGrad",
                    sumTolerance(rows),
                    s -> s.kernels()
                            .rows()
                            .rmsNormWeightGrad(rows, cols, s.of(x), s.of(rstd), s.of(dy), s.sink(kind, dw)));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void layerNorm(int rows, int cols) {
        float[] x = normal(rows * cols);
        for (int i = 0; i < x.length; i++) {
            x[i] += 3; // a mean that matters
        }
        float[] weight = normal(cols);
        float[] bias = normal(cols);
        check(
                "layerNorm",
                2e-5,
                s -> s.kernels()
                        .rows()
                        .layerNorm(
                                rows,
                                cols,
                                1e-2f,
                                s.of(x),
                                s.of(weight),
                                s.of(bias),
                                s.out(rows * cols),
                                s.out(2 * rows)));
        check("layerNorm in place", 2e-5, s -> {
            Memory y = s.inOut(x);
            s.kernels().rows().layerNorm(rows, cols, 1e-2f, y, s.of(weight), s.of(bias), y, s.out(2 * rows));
        });
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void layerNormGrad(int rows, int cols) {
        float[] x = normal(rows * cols);
        float[] weight = normal(cols);
        float[] stats = normal(2 * rows);
        float[] dy = normal(rows * cols);
        float[] dx = normal(rows * cols);
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "layerNormGrad",
                    4e-5,
                    s -> s.kernels()
                            .rows()
                            .layerNormGrad(rows, cols, s.of(x), s.of(weight), s.of(stats), s.of(dy), s.sink(kind, dx)));
        }
    }

    /** Rows, width, and in x and y the columns before and after. */
    @ParameterizedTest
    @CsvSource({
        "0, 5, 1, 2, 0, 3",
        "1, 1, 0, 0, 0, 0",
        "3, 0, 1, 1, 2, 2",
        "5, 13, 3, 0, 0, 1",
        "17, 16, 0, 17, 5, 0",
        "33, 33, 7, 8, 0, 31",
        "207, 17, 0, 0, 0, 0",
        "300, 207, 1, 0, 13, 100"
    })
    void copy(int rows, int width, int beforeX, int afterX, int beforeY, int afterY) {
        int ldx = beforeX + width + afterX;
        int ldy = beforeY + width + afterY;
        float[] x = normal(rows * ldx);
        float[] y = normal(rows * ldy);
        for (boolean accumulate : new boolean[] {false, true}) {
            check(
                    "copy",
                    1e-6,
                    s -> s.kernels()
                            .rows()
                            .copy(
                                    Matrix.of(s.of(x), rows, ldx).columns(beforeX, width),
                                    Matrix.of(s.inOut(y), rows, ldy).columns(beforeY, width),
                                    accumulate));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void scaleColumns(int rows, int cols) {
        float[] x = normal(rows * cols);
        float[] scale = normal(cols);
        float[] y = normal(rows * cols);
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "scaleColumns",
                    1e-6,
                    s -> s.kernels().rows().scaleColumns(rows, cols, s.of(x), s.of(scale), s.sink(kind, y)));
        }
        check("scaleColumns in place", 1e-6, s -> {
            Memory z = s.inOut(x);
            s.kernels().rows().scaleColumns(rows, cols, z, s.of(scale), z);
        });
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void rowDots(int rows, int cols) {
        float[] a = normal(rows * cols);
        float[] b = normal(rows * cols);
        float[] out = normal(rows);
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "rowDots",
                    sumTolerance(cols),
                    s -> s.kernels().rows().rowDots(rows, cols, s.of(a), s.of(b), s.sink(kind, out)));
        }
        check("rowDots with itself", sumTolerance(cols), s -> {
            Memory both = s.of(a);
            s.kernels().rows().rowDots(rows, cols, both, both, s.out(rows));
        });
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void biasAndItsGradient(int rows, int cols) {
        float[] y = normal(rows * cols);
        float[] bias = normal(cols);
        check("addBias", 1e-6, s -> s.kernels().rows().addBias(rows, cols, s.of(bias), s.inOut(y)));
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "columnSum",
                    sumTolerance(rows),
                    s -> s.kernels().rows().columnSum(rows, cols, s.of(y), s.sink(kind, bias)));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 2", "1, 1, 2", "3, 2, 6", "5, 3, 32", "17, 2, 34", "130, 9, 64", "33, 5, 66"})
    void rope(int rows, int heads, int headDim) {
        double[] frequencies = new double[headDim / 2];
        Arrays.setAll(frequencies, i -> Math.pow(10_000, -2.0 * i / headDim));
        int[] positions = indices(rows, 4096);
        float[] x = normal(rows * heads * headDim);
        float[] y = normal(rows * heads * headDim);
        check(
                "ropeTable",
                1e-6,
                s -> s.kernels().rows().ropeTable(rows, frequencies, s.of(positions), s.out(rows * headDim)));
        float[] table = normal(rows * headDim);
        for (boolean interleaved : new boolean[] {false, true}) {
            for (boolean inverse : new boolean[] {false, true}) {
                for (SinkKind kind : SinkKind.values()) {
                    check(
                            "rope",
                            2e-6,
                            s -> s.kernels()
                                    .rows()
                                    .rope(
                                            rows,
                                            heads,
                                            headDim,
                                            s.of(table),
                                            interleaved,
                                            inverse,
                                            s.of(x),
                                            s.sink(kind, y)));
                }
                check("rope in place", 2e-6, s -> {
                    Memory z = s.inOut(x);
                    s.kernels().rows().rope(rows, heads, headDim, s.of(table), interleaved, inverse, z, z);
                });
            }
        }
    }

    @Test
    void sums() {
        for (int n : new int[] {0, 1, 13, 33, 702, 16_384, 16_385, 200_003}) {
            float[] x = normal(n);
            for (SinkKind kind : SinkKind.values()) {
                check("sum of " + n, sumTolerance(n), s -> s.kernels().rows().sum(s.of(x), 0.5f, s.sink(kind, 3f)));
            }
        }
    }
}
