package org.moelora.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.moelora.io.SafetensorsFile;
import org.moelora.model.DecoderConfig;

/** A Llama with a LoRA on q and v, in libtorch's operations. */
final class TorchLlama {
    private static final String BLOCK = "model.layers.";

    private final DecoderConfig config;
    private final float scale;
    private final Map<String, NDArray> weights = new LinkedHashMap<>();
    private final Map<String, NDArray> parameters = new LinkedHashMap<>();
    private final NDArray cos;
    private final NDArray sin;
    private final NDArray mask;

    private TorchLlama(DecoderConfig config, NDManager root, int rank, int length) {
        this.config = config;
        this.scale = 8f / rank;
        int width = config.headDim();
        float[] cosines = new float[length * width];
        float[] sines = new float[length * width];
        float[] hidden = new float[length * length];
        for (int t = 0; t < length; t++) {
            for (int d = 0; d < width; d++) {
                double angle = t * Math.pow(config.ropeTheta(), -2.0 * (d % (width / 2)) / width);
                cosines[t * width + d] = (float) Math.cos(angle);
                sines[t * width + d] = (float) Math.sin(angle);
            }
            Arrays.fill(hidden, t * length + t + 1, (t + 1) * length, Float.NEGATIVE_INFINITY);
        }
        cos = root.create(cosines, new Shape(length, width));
        sin = root.create(sines, new Shape(length, width));
        mask = root.create(hidden, new Shape(1, 1, length, length));
    }

    static TorchLlama load(Path folder, NDManager root, int rank, int length) {
        DecoderConfig config = DecoderConfig.read(folder.resolve("config.json"));
        TorchLlama model = new TorchLlama(config, root, rank, length);
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            for (String name : file.names()) {
                Shape shape = new Shape(file.info(name).shape());
                model.weights.put(name, root.create(file.readFloats(name), shape));
            }
        }
        for (int layer = 0; layer < config.layers(); layer++) {
            for (String linear : new String[] {"self_attn.q_proj", "self_attn.v_proj"}) {
                String name = BLOCK + layer + "." + linear;
                Shape shape = model.weight(name + ".weight").getShape();
                float bound = (float) (1 / Math.sqrt((double) shape.get(1)));
                model.parameter(name + ".A", root.randomUniform(-bound, bound, new Shape(rank, shape.get(1))));
                model.parameter(name + ".B", root.zeros(new Shape(shape.get(0), rank)));
            }
        }
        return model;
    }

    private void parameter(String name, NDArray value) {
        value.setRequiresGradient(true);
        parameters.put(name, value);
    }

    private NDArray weight(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    /** What is trained. */
    Map<String, NDArray> parameters() {
        return parameters;
    }

    int vocabulary() {
        return config.vocabularySize();
    }

    /** Mean cross-entropy of each token given those before it; ids [rows, length]. */
    NDArray loss(NDManager step, NDArray ids) {
        NDArray table = weight("model.embed_tokens.weight");
        NDArray x = Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
        x.attach(step);
        for (int layer = 0; layer < config.layers(); layer++) {
            x = block(BLOCK + layer + ".", x);
        }
        NDArray predicting = norm(x, "model.norm").get(new NDIndex(":, :-1"));
        NDArray logits = product(predicting, table).reshape(-1, vocabulary());
        NDArray labels = ids.get(new NDIndex(":, 1:")).reshape(-1, 1);
        return logits.logSoftmax(-1).gather(labels, 1).mean().neg();
    }

    private NDArray block(String prefix, NDArray x) {
        NDArray h = norm(x, prefix + "input_layernorm");
        NDArray q = rotate(heads(linear(h, prefix + "self_attn.q_proj"), config.heads()));
        NDArray k = rotate(heads(linear(h, prefix + "self_attn.k_proj"), config.kvHeads()));
        NDArray v = heads(linear(h, prefix + "self_attn.v_proj"), config.kvHeads());
        int group = config.heads() / config.kvHeads();
        NDArray scores = q.matMul(k.repeat(1, group).transpose(0, 1, 3, 2))
                .mul(1 / Math.sqrt(config.headDim()))
                .add(mask);
        NDArray attended = scores.softmax(-1).matMul(v.repeat(1, group)).transpose(0, 2, 1, 3);
        NDArray middle = x.add(linear(attended.reshape(x.getShape()), prefix + "self_attn.o_proj"));
        NDArray n = norm(middle, prefix + "post_attention_layernorm");
        NDArray gate = linear(n, prefix + "mlp.gate_proj");
        NDArray inner = gate.mul(Activation.sigmoid(gate)).mul(linear(n, prefix + "mlp.up_proj"));
        return middle.add(linear(inner, prefix + "mlp.down_proj"));
    }

    private NDArray norm(NDArray x, String name) {
        NDArray size =
                x.square().mean(new int[] {-1}, true).add(config.normEps()).sqrt();
        return x.div(size).mul(weight(name + ".weight"));
    }

    private static NDArray product(NDArray x, NDArray w) {
        return Linear.linear(x, w).singletonOrThrow();
    }

    /** {@code W0 x + s B A x}, or {@code W0 x} alone. */
    private NDArray linear(NDArray x, String name) {
        NDArray y = product(x, weight(name + ".weight"));
        NDArray a = parameters.get(name + ".A");
        NDArray b = parameters.get(name + ".B");
        return a == null || b == null ? y : y.add(product(product(x, a), b).mul(scale));
    }

    /** [rows, length, count headDim] to [rows, count, length, headDim]. */
    private NDArray heads(NDArray x, int count) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), count, config.headDim()).transpose(0, 2, 1, 3);
    }

    private NDArray rotate(NDArray x) {
        int half = config.headDim() / 2;
        NDArray left = x.get(new NDIndex("..., :" + half));
        NDArray right = x.get(new NDIndex("..., " + half + ":"));
        return x.mul(cos).add(right.neg().concat(left, -1).mul(sin));
    }
}
