package org.moelora.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.BalanceLoss;
import org.moelora.engine.ops.CausalAttention;
import org.moelora.engine.ops.ContrastiveLoss;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.Dropout;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.Rope;
import org.moelora.engine.ops.Softmax;
import org.moelora.engine.ops.SwiGlu;
import org.moelora.engine.ops.TopK;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.engine.optim.AdamW;
import org.moelora.engine.testing.Numbers;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Ragged;

/** The number of threads changes no bit: of a decoder layer with a mixture and all losses, forward, backward and a step of the optimizer. */
class DeterminismTest {
    private static final int TOKENS = 150;
    private static final int WIDTH = 48;
    private static final int VOCABULARY = 700;
    private static final int EXPERTS = 5;
    private static final int RANK = 3;

    @ParameterizedTest
    @ValueSource(strings = {"cpu-plain", "cpu-simd"})
    void bitsDoNotDependOnThreads(String name) {
        List<float[]> one = step(name, 1);
        for (float[] result : one) {
            for (float value : result) {
                assertTrue(Float.isFinite(value));
            }
        }
        for (int threads : new int[] {2, 3}) {
            List<float[]> many = step(name, threads);
            for (int i = 0; i < one.size(); i++) {
                assertArrayEquals(one.get(i), many.get(i), "result " + i + " with " + threads + " threads");
            }
        }
    }

    private static List<float[]> step(String name, int threads) {
        List<float[]> results = new ArrayList<>();
        try (Device device = Devices.open(name, new DeviceOptions(threads, true));
                ParameterBlock block = parameters(device);
                AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT);
                Tape tape = Tape.recording(device)) {
            block.startTraining();
            Random random = new Random(1);
            Tensor ids = tape.ints(random.ints(TOKENS, 0, VOCABULARY).toArray());
            Tensor x = Embedding.apply(tape, ids, block.get("embedding"));
            Tensor h = RmsNorm.apply(tape, x, block.get("norm"), 1e-5f);

            Tensor p = Softmax.apply(tape, Linear.apply(tape, h, block.get("router"), null));
            TopK top = TopK.apply(tape, p, 2, true);
            Tensor u = Linear.apply(tape, Dropout.apply(tape, h, 0.1f, 7), block.get("a"), null);
            Tensor q = GatedUpdate.apply(
                    tape, Linear.apply(tape, h, block.get("q"), null), u, top.gate(), block.get("b"), 2);
            int[] positions =
                    IntStream.range(0, TOKENS).map(t -> t < 67 ? t : t - 67).toArray();
            Tensor table = Rope.table(tape, tape.ints(positions), new double[] {1, 0.1, 0.01, 0.001});
            Tensor k = Rope.apply(tape, Linear.apply(tape, h, block.get("k"), null), table);
            Attention.Plan plan = new Attention.Plan(6, 2, 8, 0.35f, Ragged.self(0, 67, TOKENS));
            Tensor o = CausalAttention.apply(
                    tape, plan, Rope.apply(tape, q, table), k, Linear.apply(tape, h, block.get("v"), null));
            Tensor y = Add.apply(tape, x, o);
            Tensor z = SwiGlu.apply(
                    tape,
                    Linear.apply(tape, y, block.get("up"), block.get("bias")),
                    Linear.apply(tape, y, block.get("gate"), null));

            Tensor targets = tape.ints(random.ints(TOKENS, 0, VOCABULARY).toArray());
            Tensor lm = CrossEntropy.ofLinear(tape, z, block.get("embedding"), targets, 1f / TOKENS);
            Tensor balance = BalanceLoss.apply(tape, p, top.selected());
            Tensor contrast = ContrastiveLoss.apply(tape, u, block.get("b"), top.selected(), EXPERTS, 0.1f, null);
            results.add(z.toArray());
            tape.backward(WeightedSum.apply(tape, new Tensor[] {lm, balance, contrast}, new float[] {1, 0.01f, 0.01f}));
            results.add(lm.toArray());
            results.add(balance.toArray());
            results.add(contrast.toArray());
            block.parameters().forEach(parameter -> results.add(parameter.gradientArray()));
            results.add(new float[] {adamW.clip(1)});
            adamW.step(1e-3);
            block.parameters().forEach(parameter -> results.add(parameter.toArray()));
        }
        return results;
    }

    private static ParameterBlock parameters(Device device) {
        ParameterBlock block = ParameterBlock.builder(device)
                .add("embedding", VOCABULARY, WIDTH)
                .add("norm", WIDTH)
                .add("router", EXPERTS, WIDTH)
                .add("a", EXPERTS * RANK, WIDTH)
                .add("b", WIDTH, EXPERTS * RANK)
                .add("q", WIDTH, WIDTH)
                .add("k", 16, WIDTH)
                .add("v", 16, WIDTH)
                .add("up", WIDTH, WIDTH)
                .add("gate", WIDTH, WIDTH)
                .add("bias", WIDTH)
                .build();
        block.parameters().forEach(parameter -> {
            int n = Math.toIntExact(parameter.shape().size());
            float[] values = Numbers.normal(n + parameter.name().hashCode(), n);
            for (int i = 0; i < n; i++) {
                values[i] *= 0.2f;
            }
            parameter.set(values);
        });
        return block;
    }
}
