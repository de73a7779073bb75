package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.CausalAttention;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.Heads;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.Rope;
import org.moelora.engine.ops.SwiGlu;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Ragged;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.LanguageModel;

/** The block that is written out by hand computes what the engine's ops compute, and five of them are the bundled model. */
class TinyLlamaTest {
    private static final Path TINY = Path.of("../test-models/tiny");
    private static final TinyLlama.Shape SHAPE = new TinyLlama.Shape(4, 2, 6, 1e-5, 100);
    private static final int TOKENS = 7;
    private static final int WIDTH = 10;
    private static final int INNER = 9;
    private static final String[] NAMES = {"norm1", "q", "k", "v", "o", "norm2", "gate", "up", "down"};

    /** Of a tensor's norm, float32 against double. */
    private static final double TOLERANCE = 1e-5;

    private static double[][][] all(TinyLlama.Weights w) {
        return new double[][][] {w.norm1(), w.q(), w.k(), w.v(), w.o(), w.norm2(), w.gate(), w.up(), w.down()};
    }

    private static TinyLlama.Weights weights(double deviation) {
        Random random = new Random(8);
        int q = SHAPE.heads() * SHAPE.headDim();
        int kv = SHAPE.kvHeads() * SHAPE.headDim();
        return new TinyLlama.Weights(
                MoeLora.normal(1, WIDTH, deviation, random),
                MoeLora.normal(q, WIDTH, deviation, random),
                MoeLora.normal(kv, WIDTH, deviation, random),
                MoeLora.normal(kv, WIDTH, deviation, random),
                MoeLora.normal(WIDTH, q, deviation, random),
                MoeLora.normal(1, WIDTH, deviation, random),
                MoeLora.normal(INNER, WIDTH, deviation, random),
                MoeLora.normal(INNER, WIDTH, deviation, random),
                MoeLora.normal(WIDTH, INNER, deviation, random));
    }

    @Test
    void engineGivesTheSameForwardAndBackward() {
        TinyLlama.Weights w = weights(0.7);
        TinyLlama.Weights dw = weights(0);
        double[][] x = MoeLora.normal(TOKENS, WIDTH, 1, new Random(2));
        int[] targets = {3, 1, 9, 0, 0, 5, 2};
        TinyLlama tiny = new TinyLlama(SHAPE, w);
        double[][] y = tiny.forward(x);
        double[][] dx = tiny.backward(Floats.crossEntropyGrad(y, targets), dw);

        try (Device device = Devices.open("cpu-plain", new DeviceOptions(1, true));
                ParameterBlock block = block(device, w);
                Tape tape = Tape.recording(device)) {
            block.startTraining();
            Tensor in = tape.variable(Floats.of(x), TOKENS, WIDTH);
            Tensor out = engineBlock(tape, block, in);
            Floats.same("y", out.toArray(), y, TOLERANCE);
            tape.backward(CrossEntropy.apply(tape, out, tape.ints(targets), 1f / TOKENS));
            Floats.same("dx", tape.gradient(in), dx, TOLERANCE);
            for (int i = 0; i < NAMES.length; i++) {
                Floats.same("d" + NAMES[i], block.get(NAMES[i]).gradientArray(), all(dw)[i], TOLERANCE);
            }
        }
    }

    private static ParameterBlock block(Device device, TinyLlama.Weights w) {
        ParameterBlock.Builder builder = ParameterBlock.builder(device);
        for (int i = 0; i < NAMES.length; i++) {
            double[][] values = all(w)[i];
            if (values.length == 1) {
                builder.add(NAMES[i], values[0].length);
            } else {
                builder.add(NAMES[i], values.length, values[0].length);
            }
        }
        ParameterBlock block = builder.build();
        for (int i = 0; i < NAMES.length; i++) {
            block.get(NAMES[i]).set(Floats.of(all(w)[i]));
        }
        return block;
    }

    private static Tensor engineBlock(Tape tape, ParameterBlock w, Tensor x) {
        double[] frequencies = new double[SHAPE.headDim() / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(SHAPE.theta(), -2.0 * i / SHAPE.headDim());
        }
        Tensor table = Rope.table(tape, tape.ints(0, 1, 2, 3, 4, 5, 6), frequencies);
        Heads heads = new Heads(
                SHAPE.heads(),
                SHAPE.kvHeads(),
                SHAPE.headDim(),
                (float) (1 / Math.sqrt(SHAPE.headDim())),
                Heads.UNLIMITED);
        float eps = (float) SHAPE.eps();
        Tensor n1 = RmsNorm.apply(tape, x, w.get("norm1"), eps);
        Tensor o = CausalAttention.apply(
                tape,
                heads,
                Ragged.self(0, TOKENS),
                Rope.apply(tape, Linear.apply(tape, n1, w.get("q"), null), table),
                Rope.apply(tape, Linear.apply(tape, n1, w.get("k"), null), table),
                Linear.apply(tape, n1, w.get("v"), null));
        Tensor h = Add.apply(tape, x, Linear.apply(tape, o, w.get("o"), null));
        Tensor n2 = RmsNorm.apply(tape, h, w.get("norm2"), eps);
        Tensor product = SwiGlu.apply(
                tape, Linear.apply(tape, n2, w.get("gate"), null), Linear.apply(tape, n2, w.get("up"), null));
        return Add.apply(tape, h, Linear.apply(tape, product, w.get("down"), null));
    }

    /** Embedding, five blocks, norm, and the table of embeddings again: the bundled model, read by the lessons' own reader. */
    @Test
    void fiveBlocksAreTheBundledModel() {
        Checkpoint checkpoint = new Checkpoint(TINY);
        int[] ids = checkpoint.ids(List.of("<s>", "Lily", " picked", " 6"));
        double[][] table = checkpoint.read("model.embed_tokens.weight");
        double[][] x = new double[ids.length][];
        for (int t = 0; t < ids.length; t++) {
            x[t] = table[ids[t]].clone();
        }
        for (int layer = 0; layer < 5; layer++) {
            x = checkpoint.block(layer).forward(x);
        }
        double[][] logits = checkpoint.logits(x);

        try (Decoder decoder = Decoder.load(TINY, new DeviceChoice("cpu-plain", 1));
                Tape tape = Tape.inference(decoder.device())) {
            LanguageModel model = decoder.plain();
            Tensor hidden = model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length});
            Floats.same("logits", model.logits(tape, hidden, 0, 1, 2, 3).toArray(), logits, TOLERANCE);
            assertThat(decoder.config().layers()).isEqualTo(5);
        }
    }
}
