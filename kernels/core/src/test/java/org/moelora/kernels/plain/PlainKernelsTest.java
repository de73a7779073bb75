package org.moelora.kernels.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;
import org.moelora.kernels.Sink;

/** The definition itself, against numbers worked out by hand and identities that any right implementation has. */
class PlainKernelsTest {
    private static final Offset<Float> CLOSE = within(1e-6f);

    private final Device device = Devices.open("cpu-plain", new DeviceOptions(1, true));
    private final Kernels kernels = device.kernels();
    private final List<Memory> leases = new ArrayList<>();

    @AfterEach
    void close() {
        leases.forEach(Memory::close);
        device.close();
    }

    private Memory lease(DType dtype, long length) {
        Memory memory = device.allocate(dtype, length, Owner.TAPE);
        leases.add(memory);
        return memory;
    }

    private Memory of(float... values) {
        Memory memory = lease(DType.F32, values.length);
        device.write(values, memory, 0);
        return memory;
    }

    private Memory ints(int... values) {
        Memory memory = lease(DType.I32, values.length);
        device.write(values, memory, 0);
        return memory;
    }

    private float[] read(Memory memory) {
        float[] values = new float[Math.toIntExact(memory.length())];
        device.read(memory, 0, values);
        return values;
    }

    @Test
    void matrixProducts() {
        // [1 2 3; 4 5 6] [7 8; 9 10; 11 12] = [58 64; 139 154]
        Memory a = of(1, 2, 3, 4, 5, 6);
        Memory at = of(1, 4, 2, 5, 3, 6);
        Memory b = of(7, 8, 9, 10, 11, 12);
        Memory bt = of(7, 9, 11, 8, 10, 12);
        Memory c = of(0, 0, 0, 0);
        kernels.matMul().gemm(1, Matrix.of(a, 2, 3), Matrix.of(b, 3, 2), 0, Matrix.of(c, 2, 2));
        assertThat(read(c)).containsExactly(58, 64, 139, 154);
        kernels.matMul().gemm(2, Matrix.of(at, 3, 2).t(), Matrix.of(bt, 2, 3).t(), 1, Matrix.of(c, 2, 2));
        assertThat(read(c)).containsExactly(174, 192, 417, 462);
        Memory spaced = of(-1, -1, -1, -1, -1);
        kernels.matMul().gemm(1, Matrix.of(a, 2, 3), Matrix.of(b, 3, 2), 0, new Matrix(spaced, 0, 2, 2, 3, false));
        assertThat(read(spaced)).containsExactly(58, 64, -1, 139, 154);
        Memory scaled = of(2, 4);
        kernels.matMul().gemm(1, Matrix.of(a, 1, 0), Matrix.of(b, 0, 2), 0.5f, Matrix.of(scaled, 1, 2));
        assertThat(read(scaled)).containsExactly(1, 2);
    }

    /** 1, -2 and 0.5 are the same in all three formats; their bits are from the standards. */
    @Test
    void frozenWeightsInEachFormat() {
        frozen(DType.F32, 0x3F800000, 0xC0000000, 0x3F000000);
        frozen(DType.BF16, 0x3F80, 0xC000, 0x3F00);
        frozen(DType.F16, 0x3C00, 0xC000, 0x3800);
    }

    private void frozen(DType dtype, int one, int minusTwo, int half) {
        int[] w = {one, minusTwo, half, half, one, one}; // [1 -2 0.5; 0.5 1 1]
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(6L * dtype.bytes());
            for (int i = 0; i < w.length; i++) {
                if (dtype == DType.F32) {
                    bytes.setAtIndex(ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN), i, w[i]);
                } else {
                    bytes.setAtIndex(ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN), i, (short) w[i]);
                }
            }
            try (var weight = device.freeze(bytes, dtype, 2, 3)) {
                Memory y = of(10, 20);
                kernels.matMul().linear(1, of(2, 3, 4), weight, Sink.onto(y));
                assertThat(read(y)).containsExactly(8, 28); // 10 + 2 - 6 + 2, 20 + 1 + 3 + 4
                Memory dx = of(0, 0, 0);
                kernels.matMul().linearGrad(1, of(2, 4), weight, dx);
                assertThat(read(dx)).containsExactly(4, 0, 5);
                Memory rows = of(0, 0, 0, 0, 0, 0);
                kernels.tokens().embed(2, ints(1, 0), weight, rows);
                assertThat(read(rows)).containsExactly(0.5f, 1, 1, 1, -2, 0.5f);
            }
        }
    }

    @Test
    void softmaxOfLogarithmsAreShares() {
        Memory y = of(0, 0, 0);
        kernels.rows().softmax(1, 3, of((float) Math.log(1), (float) Math.log(2), (float) Math.log(5)), y);
        assertThat(read(y)).containsExactly(new float[] {0.125f, 0.25f, 0.625f}, CLOSE);
        Memory far = of(0, 0);
        kernels.rows().softmax(1, 2, of(1000, 1000), far);
        assertThat(read(far)).containsExactly(0.5f, 0.5f);
        Memory dx = of(0, 0, 0);
        kernels.rows().softmaxGrad(1, 3, y, of(8, 0, 0), dx); // <y, dy> = 1
        assertThat(read(dx)).containsExactly(new float[] {0.875f, -0.25f, -0.625f}, CLOSE);
    }

    @Test
    void rmsNormOfThreeAndFour() {
        Memory y = of(0, 0);
        Memory rstd = of(0);
        kernels.rows().rmsNorm(1, 2, 12.5f, of(3, 4), of(10, 5), y, rstd); // mean square 12.5, and as much eps
        assertThat(read(rstd)).containsExactly(new float[] {0.2f}, CLOSE);
        assertThat(read(y)).containsExactly(new float[] {6, 4}, CLOSE);
        Memory dw = of(1, 1);
        kernels.rows().rmsNormWeightGrad(1, 2, of(3, 4), rstd, of(1, 2), Sink.onto(dw));
        assertThat(read(dw)).containsExactly(new float[] {1.6f, 2.6f}, CLOSE);
        Memory dx = of(0, 0);
        // xhat = (0.6, 0.8), w dy = (10, 10), mean(w dy xhat) = 7: dx = 0.2 (10 - 4.2, 10 - 5.6)
        kernels.rows().rmsNormGrad(1, 2, of(3, 4), of(10, 5), rstd, of(1, 2), dx);
        assertThat(read(dx)).containsExactly(new float[] {1.16f, 0.88f}, CLOSE);
    }

    @Test
    void ropeTurnsEachPairByItsAngle() {
        Memory table = of(0, 0, 0, 0);
        kernels.rows().ropeTable(1, new double[] {Math.PI / 4, Math.PI / 2}, ints(2), table); // a half and a whole turn
        assertThat(read(table)).containsExactly(new float[] {0, -1, 1, 0}, CLOSE);
        Memory y = of(0, 0, 0, 0);
        kernels.rows().rope(1, 1, 4, table, false, false, of(1, 2, 3, 4), y);
        assertThat(read(y)).containsExactly(new float[] {-3, -2, 1, -4}, CLOSE); // pairs are (x_0, x_2) and (x_1, x_3)
        kernels.rows().rope(1, 1, 4, table, false, true, y, y);
        assertThat(read(y)).containsExactly(new float[] {1, 2, 3, 4}, CLOSE);
    }

    @Test
    void sumsOverRowsAndElements() {
        Memory out = of(1, 1);
        kernels.rows().columnSum(3, 2, of(1, 2, 3, 4, 5, 6), Sink.onto(out));
        assertThat(read(out)).containsExactly(10, 13);
        Memory y = of(1, 2, 3, 4);
        kernels.rows().addBias(2, 2, of(10, 20), y);
        assertThat(read(y)).containsExactly(11, 22, 13, 24);
        Memory sum = of(100);
        kernels.rows().sum(y, 0.5f, Sink.onto(sum));
        assertThat(read(sum)).containsExactly(135);
    }

    /** Keys that are all the same give every visible value the same share. */
    @Test
    void attentionToEqualKeysIsTheMeanOfTheSeenValues() {
        // Two query heads on one key head of width 1; three keys, the last two of which have queries.
        Ragged rows = new Ragged(new int[] {0, 2}, new int[] {1}, new int[] {3});
        Attention.Plan plan = new Attention.Plan(2, 1, 1, 2, rows);
        Memory k = of(99, 3, 3, 3);
        Memory v = of(99, 1, 3, 8);
        Memory o = of(0, 0, 0, 0);
        Memory lse = of(0, 0, 0, 0);
        Attention.Inputs in = new Attention.Inputs(of(1, 0, 1, 0), k, v);
        kernels.attention().forward(plan, in, o, lse);
        assertThat(read(o)).containsExactly(new float[] {2, 2, 4, 4}, CLOSE);
        float two = (float) Math.log(2);
        float three = (float) Math.log(3);
        assertThat(read(lse)).containsExactly(new float[] {6 + two, two, 6 + three, three}, CLOSE);

        Memory dq = of(0, 0, 0, 0);
        Memory dk = of(7, 0, 0, 0);
        Memory dv = of(7, 0, 0, 0);
        kernels.attention().backward(plan, in, o, lse, of(1, 0, 1, 0), new Attention.Gradients(dq, dk, dv));
        // dv: a half and a third from head 0. Scores share a gradient that sums to zero, so equal keys leave q alone.
        assertThat(read(dv)).containsExactly(new float[] {7, 5 / 6f, 5 / 6f, 1 / 3f}, CLOSE);
        assertThat(read(dq)).containsExactly(new float[] {0, 0, 0, 0}, CLOSE);
        // ds of query 0: (1 - 2) / 2, (3 - 2) / 2; of query 1: (1, 3, 8) - 4 over 3; times scale and q
        assertThat(read(dk)).containsExactly(new float[] {7, -3, 1 / 3f, 8 / 3f}, CLOSE);
    }

    @Test
    void swiGluAtZeroAndFarOut() {
        Memory y = of(0, 0, 0);
        kernels.elementwise().swiGlu(of(0, 50, -50), of(3, 3, 3), y);
        assertThat(read(y)).containsExactly(new float[] {0, 150, 0}, CLOSE);
        Memory dGate = of(0, 0, 0);
        Memory dUp = of(0, 0, 1);
        kernels.elementwise().swiGluGrad(of(0, 50, -50), of(3, 3, 3), of(2, 2, 2), dGate, Sink.onto(dUp));
        assertThat(read(dGate)).containsExactly(new float[] {3, 6, 0}, CLOSE); // silu'(0) = 1/2
        assertThat(read(dUp)).containsExactly(new float[] {0, 100, 1}, CLOSE);
    }

    @Test
    void dropoutKeepsItsShareAndTheMean() {
        int n = 40_000;
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        Memory x = of(ones);
        Memory y = of(ones);
        kernels.elementwise().dropout(5, 0.25f, x, y);
        float[] once = read(y);
        int kept = 0;
        for (float value : once) {
            assertThat(value == 0 || Math.abs(value - 4 / 3f) < 1e-6).isTrue();
            kept += value == 0 ? 0 : 1;
        }
        assertThat(kept / (double) n).isCloseTo(0.75, within(0.01)); // five standard deviations
        kernels.elementwise().dropout(5, 0.25f, x, y);
        assertThat(read(y)).isEqualTo(once);
        kernels.elementwise().dropout(6, 0.25f, x, y);
        assertThat(read(y)).isNotEqualTo(once);
        kernels.elementwise().dropout(6, 0, x, y);
        assertThat(read(y)).isEqualTo(ones);
    }

    @Test
    void crossEntropyOfEqualAndOfKnownLogits() {
        Memory losses = of(0, 0);
        Memory d = of(0, 0, 0, 0, 0, 0, 0, 0);
        float three = (float) Math.log(3);
        kernels.tokens().crossEntropy(2, 4, of(5, 5, 5, 5, three, 0, 0, 0), ints(2, 0), 8, losses, d);
        assertThat(read(losses)).containsExactly(new float[] {(float) Math.log(4), (float) Math.log(2)}, CLOSE);
        float sixth = 8 / 6f;
        assertThat(read(d)).containsExactly(new float[] {2, 2, -6, 2, -4, sixth, sixth, sixth}, CLOSE);
    }

    @Test
    void scatterAddIsTheTransposeOfGather() {
        Memory y = of(0, 0, 0, 0, 0, 0);
        kernels.tokens().gather(3, 2, ints(2, 0, 2), of(1, 2, 3, 4, 5, 6), y);
        assertThat(read(y)).containsExactly(5, 6, 1, 2, 5, 6);
        Memory table = of(0, 0, 10, 10, 0, 0);
        kernels.tokens().scatterAdd(3, 2, ints(2, 0, 2), of(1, 2, 3, 4, 5, 6), Sink.onto(table));
        assertThat(read(table)).containsExactly(3, 4, 10, 10, 6, 8);
    }

    @Test
    void topKOfEqualProbabilitiesTakesTheLowerExpert() {
        Memory selected = ints(0, 0, 0, 0);
        Memory g = of(0, 0, 0, 0, 0, 0);
        kernels.mixture().topK(2, 3, 2, true, of(0.25f, 0.25f, 0.25f, 0.1f, 0.3f, 0.6f), selected, g);
        int[] chosen = new int[4];
        device.read(selected, 0, chosen);
        assertThat(chosen).containsExactly(0, 1, 1, 2);
        assertThat(read(g)).containsExactly(new float[] {0.5f, 0.5f, 0, 0, 1 / 3f, 2 / 3f}, CLOSE);
        Memory dp = of(0, 0, 0, 1, 1, 1);
        kernels.mixture()
                .topKGrad(
                        2,
                        3,
                        2,
                        true,
                        of(0.25f, 0.25f, 0.25f, 0.1f, 0.3f, 0.6f),
                        selected,
                        g,
                        of(1, 0, 9, 0, 3, 0),
                        Sink.onto(dp));
        // (1 - 1/2) / 0.5, (0 - 1/2) / 0.5; (3 - 1) / 0.9, (0 - 1) / 0.9
        assertThat(read(dp)).containsExactly(new float[] {1, -1, 0, 1, 1 + 2 / 0.9f, 1 - 1 / 0.9f}, within(1e-5f));
    }

    @Test
    void gateScalesEachExpertsColumns() {
        Memory v = of(0, 0, 0, 0);
        kernels.mixture().gate(1, 2, 2, of(1, 2, 3, 4), of(10, 0.5f), v);
        assertThat(read(v)).containsExactly(10, 20, 1.5f, 2);
        Memory du = of(0, 0, 0, 0);
        Memory dg = of(100, 100);
        kernels.mixture().gateGrad(1, 2, 2, of(1, 2, 3, 4), of(10, 0.5f), of(1, 1, 2, 2), du, Sink.onto(dg));
        assertThat(read(du)).containsExactly(10, 10, 1, 1);
        assertThat(read(dg)).containsExactly(103, 114);
    }

    /** The loss is 1 when every expert gets its share, and E when one gets everything. */
    @Test
    void balanceOfAnEvenAndOfAOneSidedRouter() {
        Memory load = of(0, 0);
        Memory loss = of(0);
        kernels.mixture().balance(2, 2, 1, of(0.5f, 0.5f, 0.5f, 0.5f), ints(0, 1), load, loss);
        assertThat(read(loss)).containsExactly(new float[] {1}, CLOSE);
        kernels.mixture().balance(2, 2, 1, of(1, 0, 1, 0), ints(0, 0), load, loss);
        assertThat(read(loss)).containsExactly(new float[] {2}, CLOSE);
        assertThat(read(load)).containsExactly(1, 0);
        Memory dp = of(0, 0, 0, 0);
        kernels.mixture().balanceGrad(2, 2, load, of(3), dp);
        assertThat(read(dp)).containsExactly(3, 0, 3, 0);
    }

    @Test
    void pairsHoldOneExpertsColumnsEach() {
        // two tokens, three experts of rank 1, two chosen: pairs are (0, e0), (0, e2), (1, e1), (1, e2)
        Memory selected = ints(0, 2, 1, 2);
        Memory pairs = of(0, 0, 0, 0, 0, 0);
        Memory experts = ints(0, 0);
        kernels.mixture().selectPairs(2, 3, 1, 2, ints(1, 2), selected, of(1, 2, 3, 4, 5, 6), pairs, experts);
        assertThat(read(pairs)).containsExactly(0, 0, 3, 0, 5, 0);
        int[] of = new int[2];
        device.read(experts, 0, of);
        assertThat(of).containsExactly(2, 1);
        Memory du = of(1, 1, 1, 1, 1, 1);
        kernels.mixture().selectPairsGrad(2, 3, 1, 2, ints(1, 2), selected, of(7, 7, 10, 7, 20, 7), Sink.onto(du));
        assertThat(read(du)).containsExactly(1, 1, 11, 1, 21, 1);
        kernels.mixture().selectPairsGrad(2, 3, 1, 2, ints(1, 2), selected, of(7, 7, 10, 7, 20, 7), du);
        assertThat(read(du)).containsExactly(0, 0, 10, 0, 20, 0);
    }

    /** Three pairs with orthogonal outputs: all cosines are 0, so every softmax is even over the two others. */
    @Test
    void contrastOfOrthogonalOutputs() {
        Memory loss = of(0);
        float[] identity = {1, 0, 0, 0, 4, 0, 0, 0, 1};
        Memory d = of(identity);
        kernels.mixture().contrast(3, 0.5f, 0, of(identity), ints(5, 5, 9), loss, d);
        assertThat(read(loss)).containsExactly(new float[] {(float) Math.log(2)}, CLOSE);
        // G_01 = G_10 = (1/2 - 1) / (2 tau) = -1/2, G_02 = G_12 = 1/2, and pair 2 is no anchor
        assertThat(read(d)).containsExactly(new float[] {0, -0.5f, 0.5f, -0.5f, 0, 0.25f, 0.5f, 0.25f, 0}, CLOSE);
        kernels.mixture().contrast(3, 0.5f, 0, of(identity), ints(1, 2, 3), loss, d);
        assertThat(read(loss)).containsExactly(0);
        assertThat(read(d)).containsExactly(new float[9], CLOSE);
    }

    /** Cosines -1 to 1 in steps of a half, at temperatures where {@code exp((cos - 1) / tau)} is no double any more. */
    @ParameterizedTest
    @ValueSource(floats = {0.001f, 0.0027f, 0.01f, 0.07f, 1, 10})
    void contrastAtAnyTemperature(float tau) {
        float h = 0.5f;
        float[] s = {1, h, -h, -1, h, 1, 0, -h, -h, 0, 1, h, -1, -h, h, 1};
        int[] expert = {0, 1, 0, 1};
        Memory loss = of(0);
        kernels.mixture().contrast(4, tau, 0, of(s), ints(expert), loss, of(new float[16]));
        double expected = 0;
        for (int i = 0; i < 4; i++) {
            double positive = 0;
            for (int a = 0; a < 4; a++) {
                positive = a != i && expert[a] == expert[i] ? s[4 * i + a] : positive;
            }
            double best = Double.NEGATIVE_INFINITY;
            for (int a = 0; a < 4; a++) {
                best = a == i ? best : Math.max(best, (s[4 * i + a] - positive) / tau);
            }
            double rest = 0;
            for (int a = 0; a < 4; a++) {
                rest += a == i ? 0 : Math.exp((s[4 * i + a] - positive) / tau - best);
            }
            expected += (best + Math.log(rest)) / 4;
        }
        assertThat(read(loss)[0]).isCloseTo((float) expected, within((float) (1e-6 * (1 + expected))));

        // One selected pair of three experts at cosine -1, the third at cosine 1 of the first and -1 of the second.
        float[] token = {1, -1, 1, -1, 1, -1, 1, -1, 1};
        kernels.mixture().tokenContrast(1, 3, 2, tau, 0, of(token), ints(0, 1), loss, of(new float[9]));
        double far = 2 / (double) tau;
        double first = far + Math.log1p(Math.exp(-far));
        double second = Math.log(2);
        assertThat(read(loss)[0]).isCloseTo((float) ((first + second) / 2), within((float) (1e-6 * (1 + far))));
    }

    /** Two pairs of one expert see only each other: nothing to contrast with, whatever their cosine. */
    @Test
    void contrastOfOnePositiveAloneIsZero() {
        Memory loss = of(1);
        Memory d = of(1, 1, 1, 1);
        kernels.mixture().contrast(2, 0.1f, 0, of(4, -3, -3, 9), ints(0, 0), loss, d);
        assertThat(read(loss)).containsExactly(new float[] {0}, CLOSE);
        assertThat(read(d)).containsExactly(new float[] {0, 0, 0, 0}, CLOSE);
    }

    /** Without eps, the first step of AdamW is the rate, against the gradient's sign, after the decay. */
    @Test
    void firstStepOfAdamW() {
        Memory w = of(10, 10, 10);
        Memory m = of(0, 0, 0);
        Memory v = of(0, 0, 0);
        kernels.optimizer().adamW(w, of(3, -0.001f, 400), m, v, of(0.5f), 0.1, 0.9, 0.99, 1e-12, 0.2, 1);
        assertThat(read(w)).containsExactly(new float[] {9.7f, 9.9f, 9.7f}, CLOSE);
        assertThat(read(m)).containsExactly(new float[] {0.15f, -0.00005f, 20}, within(1e-5f));
        assertThat(read(v)).containsExactly(new float[] {0.0225f, 2.5e-9f, 400}, within(1e-4f));
    }

    @Test
    void clippingScalesToTheNorm() {
        Memory norm = of(0);
        kernels.optimizer().norm(of(3, 0, -4), norm);
        assertThat(read(norm)).containsExactly(5);
        Memory out = of(0);
        kernels.optimizer().clipScale(norm, 1, out);
        assertThat(read(out)).containsExactly(new float[] {0.2f}, CLOSE);
        kernels.optimizer().clipScale(norm, 50, out);
        assertThat(read(out)).containsExactly(1);
        kernels.optimizer().clipScale(norm, 0, out);
        assertThat(read(out)).containsExactly(1);
    }
}
