package org.moelora.bench.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/** The kernels of a training step and of decoding at the sizes of a Llama of 135 million parameters, with the mixture's at 8 experts of rank 4. */
final class Cases implements AutoCloseable {
    private static final int HIDDEN = 576;
    private static final int WIDE = 1536;
    private static final int HEADS = 9;
    private static final int KV_HEADS = 3;
    private static final int HEAD_DIM = 64;
    private static final int EXPERTS = 8;
    private static final int CHOSEN = 2;
    private static final int RANK = 4;
    private static final int PAIRS = 512;
    private static final double FLOAT = Float.BYTES;

    private final Device device;
    private final Kernels kernels;
    private final int tokens;
    private final int words;
    private final int context;
    private final Random random = new Random(1);
    private final List<Runnable> closings = new ArrayList<>();
    private final List<Case> cases = new ArrayList<>();

    /** @param quick whether sizes are small: figures that mean nothing */
    Cases(Device device, boolean quick) {
        this.device = device;
        this.kernels = device.kernels();
        this.tokens = quick ? 64 : 1024;
        this.words = quick ? 1000 : 49152;
        this.context = quick ? 128 : 2048;
    }

    /** All of them; they hold their operands until this is closed. */
    List<Case> all() {
        products();
        attention();
        rows();
        elementwise();
        mixture();
        return cases;
    }

    private Memory normal(long length) {
        float[] values = new float[Math.toIntExact(length)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Memory memory = keep(device.allocate(DType.F32, length, Owner.TAPE));
        device.write(values, memory, 0);
        return memory;
    }

    private Memory indices(int length, int bound) {
        Memory memory = keep(device.allocate(DType.I32, length, Owner.TAPE));
        device.write(random.ints(length, 0, bound).toArray(), memory, 0);
        return memory;
    }

    private Frozen frozen(DType dtype, int rows, int cols) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(dtype.bytes((long) rows * cols), 64);
            for (long i = 0; i < bytes.byteSize() / 2; i++) { // both formats of 16 and 32 bits are small numbers so
                bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (0x3C00 + random.nextInt(0x100)));
            }
            return keep(device.freeze(bytes, dtype, rows, cols));
        }
    }

    private Memory keep(Memory memory) {
        closings.add(memory::close);
        return memory;
    }

    private Frozen keep(Frozen weight) {
        closings.add(weight::close);
        return weight;
    }

    private void products() {
        Memory hidden = normal((long) tokens * HIDDEN);
        Memory wide = normal((long) tokens * WIDE);
        Memory square = normal((long) HIDDEN * WIDE);
        double narrow = (double) tokens * HIDDEN * WIDE;
        cases.add(Case.multiplyAdds(
                "gemm " + tokens + "x" + WIDE + "x" + HIDDEN,
                narrow,
                () -> kernels.matMul()
                        .gemm(
                                1,
                                Matrix.of(hidden, tokens, HIDDEN),
                                Matrix.of(square, WIDE, HIDDEN).t(),
                                0,
                                Matrix.of(wide, tokens, WIDE))));
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            Frozen w = frozen(dtype, WIDE, HIDDEN);
            cases.add(Case.multiplyAdds(
                    "linear " + dtype + " " + tokens + "x" + WIDE + "x" + HIDDEN,
                    narrow,
                    () -> kernels.matMul().linear(tokens, hidden, w, wide)));
            cases.add(Case.multiplyAdds(
                    "linearGrad " + dtype + " " + tokens + "x" + HIDDEN + "x" + WIDE,
                    narrow,
                    () -> kernels.matMul().linearGrad(tokens, wide, w, hidden)));
        }
        Frozen head = frozen(DType.BF16, words, HIDDEN);
        int chunk = Math.min(tokens, 128);
        Memory logits = normal((long) chunk * words);
        cases.add(Case.multiplyAdds(
                "linear BF16 " + chunk + "x" + words + "x" + HIDDEN,
                (double) chunk * words * HIDDEN,
                () -> kernels.matMul().linear(chunk, hidden, head, logits)));
        cases.add(Case.bytes(
                "linear BF16 1x" + words + "x" + HIDDEN,
                2.0 * words * HIDDEN,
                () -> kernels.matMul().linear(1, hidden, head, logits)));
        int width = EXPERTS * RANK;
        Memory down = normal((long) width * HIDDEN);
        Memory low = normal((long) tokens * width);
        cases.add(Case.bytes(
                "gemm " + tokens + "x" + width + "x" + HIDDEN + " (low rank)",
                FLOAT * (tokens * (HIDDEN + width) + HIDDEN * width),
                () -> kernels.matMul()
                        .gemm(
                                1,
                                Matrix.of(hidden, tokens, HIDDEN),
                                Matrix.of(down, width, HIDDEN).t(),
                                0,
                                Matrix.of(low, tokens, width))));
        Memory targets = indices(chunk, words);
        Memory losses = normal(chunk);
        cases.add(Case.bytes(
                "crossEntropy " + chunk + "x" + words + " and gradient",
                2 * FLOAT * chunk * words,
                () -> kernels.tokens().crossEntropy(chunk, words, logits, targets, 1e-3f, losses, logits)));
        Memory ids = indices(tokens, words);
        cases.add(Case.bytes(
                "embed BF16 " + tokens + "x" + HIDDEN,
                (2 + FLOAT) * tokens * HIDDEN,
                () -> kernels.tokens().embed(tokens, ids, head, hidden)));
    }

    private void attention() {
        int sequences = 4;
        int each = tokens / sequences;
        Attention.Plan training = new Attention.Plan(
                HEADS, KV_HEADS, HEAD_DIM, 0.125f, Ragged.self(0, each, 2 * each, 3 * each, 4 * each));
        Memory q = normal((long) tokens * HEADS * HEAD_DIM);
        Memory dq = normal((long) tokens * HEADS * HEAD_DIM);
        Memory o = normal((long) tokens * HEADS * HEAD_DIM);
        Memory dO = normal((long) tokens * HEADS * HEAD_DIM);
        long keyNumbers = (long) Math.max(tokens, context) * KV_HEADS * HEAD_DIM;
        Memory k = normal(keyNumbers);
        Memory v = normal(keyNumbers);
        Memory dk = normal(keyNumbers);
        Memory dv = normal(keyNumbers);
        Memory sums = normal((long) tokens * HEADS);
        Attention.Inputs in = new Attention.Inputs(q, k, v);
        Attention.Gradients gradients = new Attention.Gradients(dq, dk, dv);
        double seen = sequences * (each * (each + 1) / 2.0) * HEADS * HEAD_DIM;
        cases.add(Case.multiplyAdds(
                "attention forward " + sequences + "x" + each,
                2 * seen,
                () -> kernels.attention().forward(training, in, o, sums)));
        cases.add(Case.multiplyAdds(
                "attention backward " + sequences + "x" + each,
                5 * seen,
                () -> kernels.attention().backward(training, in, o, sums, dO, gradients)));
        Attention.Plan decoding = new Attention.Plan(
                HEADS, KV_HEADS, HEAD_DIM, 0.125f, new Ragged(new int[] {0, 1}, new int[] {0}, new int[] {context}));
        cases.add(Case.bytes(
                "attention 1x" + context + " (decoding)",
                2 * FLOAT * context * KV_HEADS * HEAD_DIM,
                () -> kernels.attention().forward(decoding, in, o, sums)));
    }

    private void rows() {
        Memory x = normal((long) tokens * HIDDEN);
        Memory dy = normal((long) tokens * HIDDEN);
        Memory y = normal((long) tokens * HIDDEN);
        Memory weight = normal(HIDDEN);
        Memory rstd = normal(tokens);
        double once = FLOAT * tokens * HIDDEN;
        String size = " " + tokens + "x" + HIDDEN;
        cases.add(Case.bytes(
                "rmsNorm" + size, 2 * once, () -> kernels.rows().rmsNorm(tokens, HIDDEN, 1e-5f, x, weight, y, rstd)));
        cases.add(Case.bytes(
                "rmsNormGrad" + size,
                3 * once,
                () -> kernels.rows().rmsNormGrad(tokens, HIDDEN, x, weight, rstd, dy, y)));
        cases.add(Case.bytes("softmax" + size, 2 * once, () -> kernels.rows().softmax(tokens, HIDDEN, x, y)));
        cases.add(Case.bytes("columnSum" + size, once, () -> kernels.rows().columnSum(tokens, HIDDEN, x, weight)));
        double[] frequencies = new double[HEAD_DIM / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(10_000, -2.0 * i / HEAD_DIM);
        }
        Memory positions = indices(tokens, 4096);
        Memory table = normal((long) tokens * HEAD_DIM);
        kernels.rows().ropeTable(tokens, frequencies, positions, table);
        cases.add(Case.bytes(
                "rope" + size,
                2 * once + FLOAT * tokens * HEAD_DIM,
                () -> kernels.rows().rope(tokens, HEADS, HEAD_DIM, table, false, false, x, y)));
    }

    private void elementwise() {
        long n = (long) tokens * WIDE;
        Memory a = normal(n);
        Memory b = normal(n);
        Memory c = normal(n);
        Memory d = normal(n);
        Memory e = normal(n);
        Memory one = normal(1);
        double once = FLOAT * n;
        cases.add(Case.bytes("add " + n, 3 * once, () -> kernels.elementwise().add(a, b, c)));
        cases.add(
                Case.bytes("swiGlu " + n, 3 * once, () -> kernels.elementwise().swiGlu(a, b, c)));
        cases.add(Case.bytes(
                "swiGluGrad " + n, 5 * once, () -> kernels.elementwise().swiGluGrad(a, b, c, d, e)));
        cases.add(
                Case.bytes("dropout " + n, 2 * once, () -> kernels.elementwise().dropout(7, 0.1f, a, c)));
        cases.add(Case.bytes("norm " + n, once, () -> kernels.optimizer().norm(a, one)));
        kernels.elementwise().fill(one, 1);
        Memory moment = normal(n);
        Memory square = normal(n);
        kernels.elementwise().fill(square, 1);
        Memory scale = normal(1);
        kernels.elementwise().fill(scale, 1);
        cases.add(Case.bytes(
                "adamW " + n,
                7 * once,
                () -> kernels.optimizer().adamW(d, b, moment, square, scale, 1e-3, 0.9, 0.999, 1e-8, 0.01, 10)));
    }

    private void mixture() {
        Memory p = normal((long) tokens * EXPERTS);
        kernels.rows().softmax(tokens, EXPERTS, p, p);
        Memory g = normal((long) tokens * EXPERTS);
        Memory dg = normal((long) tokens * EXPERTS);
        Memory selected = indices(tokens * CHOSEN, EXPERTS);
        Memory u = normal((long) tokens * EXPERTS * RANK);
        Memory v = normal((long) tokens * EXPERTS * RANK);
        Memory dv = normal((long) tokens * EXPERTS * RANK);
        double perExpert = FLOAT * tokens * EXPERTS;
        cases.add(Case.bytes(
                "topK " + tokens + " of " + EXPERTS,
                2 * perExpert + FLOAT * tokens * CHOSEN,
                () -> kernels.mixture().topK(tokens, EXPERTS, CHOSEN, true, p, selected, g)));
        cases.add(Case.bytes(
                "gate " + tokens,
                (2 * RANK + 1) * perExpert,
                () -> kernels.mixture().gate(tokens, EXPERTS, RANK, u, g, v)));
        cases.add(Case.bytes(
                "gateGrad " + tokens,
                (3 * RANK + 2) * perExpert,
                () -> kernels.mixture().gateGrad(tokens, EXPERTS, RANK, u, g, dv, v, dg)));
        int pairs = Math.min(PAIRS, tokens);
        Memory s = normal((long) pairs * pairs);
        kernels.elementwise().fill(s, 1);
        Memory d = normal((long) pairs * pairs);
        Memory experts = indices(pairs, EXPERTS);
        Memory loss = normal(1);
        cases.add(Case.bytes(
                "contrast " + pairs,
                3 * FLOAT * pairs * pairs,
                () -> kernels.mixture().contrast(pairs, 0.1f, 1e-3f, s, experts, loss, d)));
        Memory gates = normal((long) pairs * EXPERTS);
        kernels.elementwise().fill(gates, 0.5f);
        Memory dGates = normal((long) pairs * EXPERTS);
        cases.add(Case.bytes(
                "gatedContrast " + pairs,
                4 * FLOAT * pairs * pairs,
                () -> kernels.mixture()
                        .gatedContrast(pairs, EXPERTS, 0.1f, 1e-3f, s, experts, gates, loss, d, dGates)));
    }

    @Override
    public void close() {
        closings.forEach(Runnable::run);
    }
}
