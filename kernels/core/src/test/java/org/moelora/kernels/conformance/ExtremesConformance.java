package org.moelora.kernels.conformance;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Memory;

/** Numbers as large and as small as float32 has them, against plain, which computes in double. */
public abstract class ExtremesConformance extends Conformance {
    private static final float[] FAR = {
        0, -0f, 1e-30f, -1e-30f, 5, -5, 31, -31, 33, -33, 87, -87, 88.5f, -88.5f, 89, -89, 104, -104, 1e3f, -1e3f, 1e4f,
        -1e4f, 1e9f, -1e9f, 1e13f, -1e13f, 1e15f, -1e15f, 1e20f, -1e20f, 1e30f, -1e30f, 3e38f, -3e38f
    };

    @Test
    void activations() {
        int n = FAR.length;
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        check("sigmoid", 1e-6, s -> s.kernels().elementwise().sigmoid(s.of(FAR), s.out(n)));
        check("gelu", 1e-6, s -> s.kernels().elementwise().activate(Activation.GELU, s.of(FAR), s.out(n)));
        check("swiGlu", 1e-6, s -> s.kernels().elementwise().swiGlu(s.of(FAR), s.of(ones), s.out(n)));
        check(
                "geluGrad",
                2e-6,
                s -> s.kernels().elementwise().activateGrad(Activation.GELU, s.of(FAR), s.of(ones), s.out(n)));
        check(
                "swiGluGrad",
                2e-6,
                s -> s.kernels()
                        .elementwise()
                        .swiGluGrad(
                                s.of(FAR),
                                s.of(ones),
                                s.of(ones),
                                s.sink(SinkKind.FRESH, ones),
                                s.sink(SinkKind.FRESH, ones)));
    }

    /** A row with a number far above, one far below, one that is hidden, and rows where all are large. */
    @ParameterizedTest
    @ValueSource(ints = {2, 13, 16, 33, 207})
    void softmaxAndCrossEntropy(int cols) {
        float[] bases = {0, 100, -100, 1e4f, -1e4f, 1e8f, -1e8f, 1e30f, -1e30f};
        int rows = bases.length;
        float[] x = normal(rows * cols);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < cols; i++) {
                x[t * cols + i] = bases[t] + (Math.abs(bases[t]) > 1e7 ? 0 : x[t * cols + i]);
            }
            x[t * cols + cols - 1] = t % 2 == 0 ? Float.NEGATIVE_INFINITY : bases[t] - 3e4f;
        }
        int[] targets = indices(rows, cols - 1);
        check("softmax", 2e-6, s -> s.kernels().rows().softmax(rows, cols, s.of(x), s.out(rows * cols)));
        check(
                "crossEntropy",
                4e-6,
                s -> s.kernels()
                        .tokens()
                        .crossEntropy(rows, cols, s.of(x), s.of(targets), 1, s.out(rows), s.out(rows * cols)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 13, 16, 33, 207})
    void norms(int cols) {
        float[] lengths = {1e-30f, 1e-20f, 1e-10f, 1, 1e10f, 1e18f, 1e20f, 1e30f, 1e36f};
        int rows = lengths.length;
        float[] x = normal(rows * cols);
        for (int i = 0; i < x.length; i++) {
            x[i] *= lengths[i / cols];
        }
        float[] weight = normal(cols);
        float[] bias = normal(cols);
        float[] dy = normal(rows * cols);
        for (float eps : new float[] {0, 1e-6f}) {
            // In lengths of their own, so that all count.
            check("rmsNorm", 1e-5, s -> {
                Memory rstd = s.of(new float[rows]);
                Memory xs = s.of(x);
                s.kernels().rows().rmsNorm(rows, cols, eps, xs, s.of(weight), s.out(rows * cols), rstd);
                for (int t = 0; t < rows; t++) {
                    s.kernels().elementwise().scale(lengths[t], rstd.slice(t, 1), s.out(1));
                }
                s.kernels().rows().rmsNormWeightGrad(rows, cols, xs, rstd, s.of(dy), s.out(cols));
            });
        }
        check(
                "layerNorm",
                2e-5,
                s -> s.kernels()
                        .rows()
                        .layerNorm(
                                rows,
                                cols,
                                1e-6f,
                                s.of(x),
                                s.of(weight),
                                s.of(bias),
                                s.out(rows * cols),
                                s.of(new float[2 * rows])));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 17, 702, 100_003})
    void globalNorm(int n) {
        for (float length : new float[] {1e-36f, 1e-25f, 1e-10f, 1e10f, 1e19f, 1e25f, 1e35f}) {
            float[] x = normal(n);
            for (int i = 0; i < n; i++) {
                x[i] *= length;
            }
            check("norm of " + length, 1e-5, s -> {
                Memory norm = s.of(0f);
                s.kernels().optimizer().norm(s.of(x), norm);
                s.kernels().elementwise().scale(1 / length, norm, s.out(1));
                s.kernels().optimizer().clipScale(norm, length, s.out(1));
            });
        }
    }
}
