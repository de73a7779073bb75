package org.moelora.kernels.conformance;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Memory;

/** {@link org.moelora.kernels.Elementwise} against plain. */
public abstract class ElementwiseConformance extends Conformance {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 70_007})
    void linearCombinations(int n) {
        float[] a = normal(n);
        float[] b = normal(n);
        float[] y = normal(n);
        check("fill", 0, s -> s.kernels().elementwise().fill(s.out(n), -1.5f));
        check("add", 0, s -> s.kernels().elementwise().add(s.of(a), s.of(b), s.out(n)));
        check("add in place", 0, s -> {
            Memory z = s.inOut(a);
            s.kernels().elementwise().add(z, s.of(b), z);
            s.kernels().elementwise().add(s.of(b), z, z);
        });
        for (SinkKind kind : SinkKind.values()) {
            check("scale", 1e-6, s -> s.kernels().elementwise().scale(0.3f, s.of(a), s.sink(kind, y)));
            check("scaleBy", 1e-6, s -> s.kernels().elementwise().scaleBy(s.of(0.3f), s.of(a), s.sink(kind, y)));
            check("multiply", 1e-6, s -> s.kernels().elementwise().multiply(s.of(a), s.of(b), s.sink(kind, y)));
            check("scale in place", 1e-6, s -> {
                Memory z = s.inOut(a);
                s.kernels().elementwise().scale(-2, z, s.inPlace(kind, z));
            });
            check("multiply in place", 1e-6, s -> {
                Memory z = s.inOut(a);
                s.kernels().elementwise().multiply(z, s.of(b), s.inPlace(kind, z));
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 70_007})
    void swiGlu(int n) {
        float[] gate = normal(n);
        float[] up = normal(n);
        float[] dy = normal(n);
        float[] y = normal(n);
        for (int i = 0; i < n; i++) {
            gate[i] *= i % 7 == 0 ? 60 : 2; // also where the sigmoid is saturated
        }
        check("swiGlu", 1e-5, s -> s.kernels().elementwise().swiGlu(s.of(gate), s.of(up), s.out(n)));
        check("swiGlu into gate", 1e-5, s -> {
            Memory z = s.inOut(gate);
            s.kernels().elementwise().swiGlu(z, s.of(up), z);
        });
        check("swiGlu into up", 1e-5, s -> {
            Memory z = s.inOut(up);
            s.kernels().elementwise().swiGlu(s.of(gate), z, z);
        });
        for (SinkKind ofGate : SinkKind.values()) {
            for (SinkKind ofUp : SinkKind.values()) {
                check(
                        "swiGluGrad, gate " + ofGate + ", up " + ofUp,
                        1e-5,
                        s -> s.kernels()
                                .elementwise()
                                .swiGluGrad(s.of(gate), s.of(up), s.of(dy), s.sink(ofGate, y), s.sink(ofUp, y)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 70_007})
    void activations(int n) {
        float[] x = curved(n);
        float[] dy = normal(n);
        float[] dx = normal(n);
        for (Activation f : Activation.values()) {
            check(f + "", 1e-5, s -> s.kernels().elementwise().activate(f, s.of(x), s.out(n)));
            check(f + " in place", 1e-5, s -> {
                Memory y = s.inOut(x);
                s.kernels().elementwise().activate(f, y, y);
            });
            for (SinkKind kind : SinkKind.values()) {
                check(
                        "gradient of " + f,
                        1e-5,
                        s -> s.kernels().elementwise().activateGrad(f, s.of(x), s.of(dy), s.sink(kind, dx)));
            }
            check("gradient of " + f + " in place", 1e-5, s -> {
                Memory d = s.inOut(dy);
                s.kernels().elementwise().activateGrad(f, s.of(x), d, d);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 70_007})
    void sigmoid(int n) {
        float[] x = curved(n);
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            y[i] = i % 11 == 0 ? i % 2 : random.nextFloat(); // 0 and 1 are where it is saturated
        }
        float[] dy = normal(n);
        float[] dx = normal(n);
        check("sigmoid", 1e-6, s -> s.kernels().elementwise().sigmoid(s.of(x), s.out(n)));
        check("sigmoid in place", 1e-6, s -> {
            Memory z = s.inOut(x);
            s.kernels().elementwise().sigmoid(z, z);
        });
        for (SinkKind kind : SinkKind.values()) {
            check("sigmoidGrad", 1e-6, s -> s.kernels().elementwise().sigmoidGrad(s.of(y), s.of(dy), s.sink(kind, dx)));
        }
        check("sigmoidGrad in place", 1e-6, s -> {
            Memory d = s.inOut(dy);
            s.kernels().elementwise().sigmoidGrad(s.of(y), d, d);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 70_007})
    void rsqrt(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) Math.exp(12 * random.nextGaussian());
        }
        check("rsqrt", 1e-6, s -> s.kernels().elementwise().rsqrt(s.of(x), s.out(n)));
        check("rsqrt in place", 1e-6, s -> {
            Memory y = s.inOut(x);
            s.kernels().elementwise().rsqrt(y, y);
        });
    }

    /** Numbers where a sigmoid or a tanh bends, where it is saturated, and where it is a straight line. */
    private float[] curved(int n) {
        float[] x = normal(n);
        for (int i = 0; i < n; i++) {
            x[i] *= i % 7 == 0 ? 60 : i % 7 == 1 ? 1e-3f : 2;
        }
        return x;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 702, 20_003})
    void dropout(int n) {
        float[] x = normal(n);
        for (int i = 0; i < n; i++) {
            x[i] += Math.copySign(1, x[i]); // so that a dropped element differs from a kept one
        }
        for (float rate : new float[] {0, 0.1f, 0.75f}) {
            for (SinkKind kind : SinkKind.values()) {
                check(
                        "dropout",
                        1e-6,
                        s -> s.kernels().elementwise().dropout(0x1234_5678_9ABC_DEF0L, rate, s.of(x), s.sink(kind, x)));
            }
            check("dropout in place", 1e-6, s -> {
                Memory y = s.inOut(x);
                s.kernels().elementwise().dropout(-7, rate, y, y);
            });
        }
    }
}
