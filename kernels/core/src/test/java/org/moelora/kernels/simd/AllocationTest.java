package org.moelora.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;
import org.moelora.kernels.Sink;

/**
 * A vector that leaves its method, or a method beyond C2's budget, shows as garbage long before it shows in a result: a hundred kilobytes
 * and more per call of these sizes, where it should be a few objects. Sizes are no multiples of a vector, so that the ends of rows are seen too.
 */
class AllocationTest {
    private static final int CALLS_OF_A_BATCH = 2_000;
    private static final int BATCHES = 200;
    private static final int FEW_OBJECTS = 2048;
    private static final int ROWS = 40;
    private static final int COLS = 72;
    private static final int EXPERTS = 6;
    private static final int RANK = 12;
    private static final int K = 2;

    private final Device device = Devices.open("cpu-simd", new DeviceOptions(1, false));
    private final Kernels kernels = device.kernels();
    /** Weights are native memory, as those of a mapped checkpoint are. */
    private final Arena arena = Arena.ofConfined();

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
        device.close();
        arena.close();
    }

    @TestFactory
    Stream<DynamicTest> aCompiledKernelMakesNoGarbage() {
        Map<String, Runnable> calls = new LinkedHashMap<>();
        products(calls);
        attention(calls);
        rows(calls);
        elements(calls);
        mixture(calls);
        return calls.entrySet().stream()
                .map(call -> DynamicTest.dynamicTest(call.getKey(), () -> check(call.getKey(), call.getValue())));
    }

    /** Until the call makes no garbage; the compiler works in the background, so it is given time before the verdict. */
    private static void check(String name, Runnable call) throws ReflectiveOperationException, InterruptedException {
        long least = Long.MAX_VALUE;
        for (int batch = 0; batch < BATCHES && least > FEW_OBJECTS; batch++) {
            for (int i = 0; i < CALLS_OF_A_BATCH && least > FEW_OBJECTS; i++) {
                long before = allocatedBytes();
                call.run();
                least = Math.min(least, allocatedBytes() - before);
            }
            Thread.sleep(batch < 10 ? 0 : 10);
        }
        assertThat(least).as("bytes allocated by one " + name).isLessThanOrEqualTo(FEW_OBJECTS);
    }

    private void products(Map<String, Runnable> calls) {
        int n = 70;
        Memory a = floats(n * n);
        Memory b = floats(n * n);
        Memory c = floats(n * n);
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                calls.put(
                        "gemm" + (ta ? " A^T" : " A") + (tb ? " B^T" : " B"),
                        () -> kernels.matMul()
                                .gemm(
                                        0.5f,
                                        new Matrix(a, 0, n, n, n, ta),
                                        new Matrix(b, 0, n, n, n, tb),
                                        1,
                                        Matrix.of(c, n, n)));
            }
        }
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            MemorySegment bytes = arena.allocate((long) n * n * dtype.bytes());
            Frozen w = keep(device.freeze(bytes, dtype, n, n));
            calls.put("linear of one row, " + dtype, () -> kernels.matMul().linear(1, a, w, c));
            calls.put("linear of few rows, " + dtype, () -> kernels.matMul().linear(4, a, w, c));
            calls.put("linear, " + dtype, () -> kernels.matMul().linear(n, a, w, c));
            calls.put("linearGrad, " + dtype, () -> kernels.matMul().linearGrad(n, a, w, Sink.onto(c)));
        }
        int in = 256;
        Memory x = floats(n * in);
        for (DType dtype : new DType[] {DType.Q8_0, DType.Q4_1, DType.Q5_0, DType.Q4_K, DType.Q5_K, DType.Q6_K}) {
            MemorySegment bytes = arena.allocate(dtype.bytes((long) n * in));
            Frozen w = keep(device.freeze(bytes, dtype, n, in));
            calls.put("linear of one row, " + dtype, () -> kernels.matMul().linear(1, x, w, c));
            calls.put("linear, " + dtype, () -> kernels.matMul().linear(n, x, w, c));
            calls.put("linearGrad, " + dtype, () -> kernels.matMul().linearGrad(n, a, w, Sink.onto(x)));
        }
    }

    private void attention(Map<String, Runnable> calls) {
        int length = 40;
        int dim = 24;
        Ragged ragged = Ragged.self(0, length);
        Attention.Plan plan = new Attention.Plan(2, 1, dim, 0.2f, ragged);
        Memory q = floats(length * 2 * dim);
        Memory k = floats(length * dim);
        Memory v = floats(length * dim);
        Memory o = floats(length * 2 * dim);
        Memory logSumExp = floats(length * 2);
        Memory dO = floats(length * 2 * dim);
        Memory dq = floats(length * 2 * dim);
        Memory dk = floats(length * dim);
        Memory dv = floats(length * dim);
        Attention.Inputs in = new Attention.Inputs(q, k, v);
        Attention.Gradients gradients = new Attention.Gradients(dq, dk, dv);
        calls.put("attention", () -> kernels.attention().forward(plan, in, o, logSumExp));
        calls.put("attentionGrad", () -> {
            kernels.attention().forward(plan, in, o, logSumExp);
            kernels.attention().backward(plan, in, o, logSumExp, dO, gradients);
        });
        Attention.Plan step =
                new Attention.Plan(2, 1, dim, 0.2f, new Ragged(new int[] {0, 1}, new int[] {0}, new int[] {length}));
        calls.put("attention of a decoding step", () -> kernels.attention().forward(step, in, o, logSumExp));
    }

    private void rows(Map<String, Runnable> calls) {
        Memory x = floats(ROWS * COLS);
        Memory y = floats(ROWS * COLS);
        Memory z = floats(ROWS * COLS);
        Memory weight = floats(COLS);
        Memory perRow = floats(ROWS);
        Memory one = floats(1);
        Memory few = floats(ROWS * EXPERTS);
        Memory few2 = floats(ROWS * EXPERTS);
        Memory ids = keep(device.allocate(DType.I32, ROWS, Owner.TAPE));
        device.write(new int[ROWS], ids, 0);
        var r = kernels.rows();
        calls.put("softmax", () -> r.softmax(ROWS, COLS, x, y));
        calls.put("softmax of gates", () -> r.softmax(ROWS, EXPERTS, few, few2));
        calls.put("softmaxGrad", () -> r.softmaxGrad(ROWS, COLS, x, y, Sink.onto(z)));
        calls.put("rmsNorm", () -> r.rmsNorm(ROWS, COLS, 1e-5f, x, weight, y, perRow));
        calls.put("rmsNormGrad", () -> r.rmsNormGrad(ROWS, COLS, x, weight, perRow, y, Sink.onto(z)));
        calls.put("rmsNormWeightGrad", () -> r.rmsNormWeightGrad(ROWS, COLS, x, perRow, y, Sink.onto(weight)));
        calls.put("addBias", () -> r.addBias(ROWS, COLS, weight, y));
        calls.put("columnSum", () -> r.columnSum(ROWS, COLS, x, Sink.onto(weight)));
        calls.put("rope", () -> r.rope(ROWS, 1, COLS, x, false, false, y, Sink.onto(z)));
        Matrix from = Matrix.of(x, ROWS, COLS).columns(3, COLS - 3);
        Matrix to = Matrix.of(y, ROWS, COLS).columns(1, COLS - 3);
        calls.put("copy", () -> r.copy(from, to, true));
        calls.put("scaleColumns", () -> r.scaleColumns(ROWS, COLS, x, weight, Sink.onto(y)));
        calls.put("sum", () -> r.sum(x, 1, one));
        var t = kernels.tokens();
        calls.put("gather", () -> t.gather(ROWS, COLS, ids, x, y));
        calls.put("scatterAdd", () -> t.scatterAdd(ROWS, COLS, ids, x, Sink.onto(y)));
        calls.put("crossEntropy", () -> t.crossEntropy(ROWS, COLS, x, ids, 1, perRow, z));
    }

    private void elements(Map<String, Runnable> calls) {
        int n = 1003;
        Memory a = floats(n);
        Memory b = floats(n);
        Memory c = floats(n);
        Memory d = floats(n);
        Memory two = floats(2);
        var e = kernels.elementwise();
        calls.put("scale", () -> e.scale(0.5f, a, Sink.onto(b)));
        calls.put("scaleBy", () -> e.scaleBy(two, a, Sink.onto(b)));
        calls.put("add", () -> e.add(a, b, c));
        calls.put("multiply", () -> e.multiply(a, b, Sink.onto(c)));
        calls.put("swiGlu", () -> e.swiGlu(a, b, c));
        Sink ontoD = Sink.onto(d);
        Sink freshC = c;
        calls.put("swiGluGrad", () -> e.swiGluGrad(a, b, c, ontoD, freshC));
        calls.put("swiGluGrad of the gate", () -> e.swiGluGrad(a, b, c, ontoD, Sink.absent()));
        for (Activation f : Activation.values()) {
            calls.put("" + f, () -> e.activate(f, a, b));
            calls.put("gradient of " + f, () -> e.activateGrad(f, a, b, Sink.onto(c)));
        }
        calls.put("sigmoid", () -> e.sigmoid(a, b));
        calls.put("sigmoidGrad", () -> e.sigmoidGrad(a, b, Sink.onto(c)));
        calls.put("rsqrt", () -> e.rsqrt(a, b));
        calls.put("dropout", () -> e.dropout(7, 0.1f, a, b));
        var o = kernels.optimizer();
        calls.put("norm", () -> o.norm(a, two));
        calls.put("adamW", () -> o.adamW(a, b, c, d, two, 1e-3, 0.9, 0.999, 1e-8, 0.1, 3));
    }

    private void mixture(Map<String, Runnable> calls) {
        int pairs = ROWS * K;
        Memory p = floats(ROWS * EXPERTS);
        Memory g = floats(ROWS * EXPERTS);
        Memory dg = floats(ROWS * EXPERTS);
        Memory dp = floats(ROWS * EXPERTS);
        Memory selected = keep(device.allocate(DType.I32, pairs, Owner.TAPE));
        Memory expertOf = keep(device.allocate(DType.I32, pairs, Owner.TAPE));
        device.write(new int[pairs], expertOf, 0);
        Memory u = floats(ROWS * EXPERTS * RANK);
        Memory v = floats(ROWS * EXPERTS * RANK);
        Memory du = floats(ROWS * EXPERTS * RANK);
        Memory chosen = floats(pairs * EXPERTS * RANK);
        Memory load = floats(EXPERTS);
        Memory loss = floats(1);
        Memory s = floats(pairs * pairs);
        Memory ds = floats(pairs * pairs);
        Memory gates = floats(pairs * EXPERTS);
        Memory dGates = floats(pairs * EXPERTS);
        var m = kernels.mixture();
        m.topK(ROWS, EXPERTS, K, true, p, selected, g);
        calls.put("topK", () -> m.topK(ROWS, EXPERTS, K, true, p, selected, g));
        calls.put("topKGrad", () -> m.topKGrad(ROWS, EXPERTS, K, true, p, selected, g, dg, Sink.onto(dp)));
        calls.put("gate", () -> m.gate(ROWS, EXPERTS, RANK, u, g, v));
        calls.put("gateGrad", () -> m.gateGrad(ROWS, EXPERTS, RANK, u, g, v, Sink.onto(du), Sink.onto(dg)));
        calls.put("balance", () -> m.balance(ROWS, EXPERTS, K, p, selected, load, loss));
        calls.put("selectPairs", () -> m.selectPairs(pairs, EXPERTS, RANK, K, null, selected, u, chosen, expertOf));
        calls.put(
                "selectPairsGrad",
                () -> m.selectPairsGrad(pairs, EXPERTS, RANK, K, null, selected, chosen, Sink.onto(du)));
        calls.put("contrast", () -> m.contrast(pairs, 0.1f, 1e-6f, s, expertOf, loss, ds));
        calls.put(
                "gatedContrast",
                () -> m.gatedContrast(pairs, EXPERTS, 0.1f, 1e-6f, s, expertOf, gates, loss, ds, dGates));
    }

    /** Memory that holds halves: numbers that no kernel turns into a NaN, whose payload would take slower paths. */
    private Memory floats(int length) {
        Memory memory = keep(device.allocate(DType.F32, length, Owner.TAPE));
        kernels.elementwise().fill(memory, 0.5f);
        return memory;
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    /** By reflection, since the kernels' module must not require a module for its tests' sake. */
    private static long allocatedBytes() throws ReflectiveOperationException {
        Object bean = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        Method method = Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
        return (long) method.invoke(bean);
    }
}
