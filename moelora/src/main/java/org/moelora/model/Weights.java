package org.moelora.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;

/**
 * Everything a decoder multiplies with.
 *
 * @param embedding [vocabulary, hidden]
 * @param positions [maxPositions, hidden], or null
 * @param blocks bottom to top
 * @param norm after the last block
 * @param head [vocabulary, hidden], or the embedding again
 */
record Weights(Weight embedding, @Nullable Weight positions, List<Block> blocks, Norm norm, Weight head) {
    /** One of a block's linears. */
    record LinearWeight(
            String name, Weight weight, @Nullable Tensor bias) {}

    /**
     * The weights of a norm, each [n].
     *
     * @param bias null for RMSNorm
     */
    record Norm(Tensor weight, @Nullable Tensor bias) {}

    /**
     * One block: attention and feed-forward, each behind its norm. See {@link TensorNames} for which linears there are.
     *
     * @param queryNorm [headDim], or null
     * @param keyNorm [headDim], or null
     * @param attentionResultNorm null where there is none
     * @param feedForwardResultNorm null where there is none
     */
    record Block(
            Norm attentionNorm,
            List<LinearWeight> queryKeyValue,
            @Nullable Norm queryNorm,
            @Nullable Norm keyNorm,
            LinearWeight output,
            @Nullable Norm attentionResultNorm,
            Norm feedForwardNorm,
            List<LinearWeight> gateUp,
            LinearWeight down,
            @Nullable Norm feedForwardResultNorm) {}

    /**
     * A linear of a block as its family has it.
     *
     * @param reads the norm whose result it reads; its own name where it reads something else, which is then read by no other
     */
    record LinearShape(String name, int out, int in, boolean bias, String reads) {}

    /**
     * A weight of a checkpoint.
     *
     * @param name in full, e.g. {@code model.norm.weight}
     * @param shape [out, in] of a matrix, [n] of a vector
     * @param transposed whether a matrix is stored as [in, out]
     * @param plusOne whether 1 is added to a vector
     */
    record Stored(String name, int[] shape, boolean transposed, boolean plusOne) {
        boolean isMatrix() {
            return shape.length == 2;
        }

        /** The shape in the file. */
        long[] storedShape() {
            return transposed
                    ? new long[] {shape[1], shape[0]}
                    : Arrays.stream(shape).asLongStream().toArray();
        }
    }

    /** The linears of all blocks. */
    Stream<LinearWeight> linears() {
        return blocks.stream()
                .flatMap(block -> Stream.of(
                                block.queryKeyValue(), List.of(block.output()), block.gateUp(), List.of(block.down()))
                        .flatMap(List::stream));
    }

    /** Where weights come from: a checkpoint, or a block of parameters. */
    interface Source {
        Weight matrix(Stored stored);

        Tensor vector(Stored stored);
    }

    /** The linears of a block, in the order of the forward pass. */
    static List<LinearShape> linears(DecoderConfig config, TensorNames names, int layer) {
        String prefix = names.block(layer);
        int hidden = config.hiddenSize();
        int inter = config.intermediateSize();
        boolean bias = config.design().feedForwardBias();
        List<LinearShape> linears = new ArrayList<>();
        int key = config.keyWidth();
        int[] widths = names.queryKeyValue().size() == 1
                ? new int[] {config.queryWidth() + 2 * key}
                : new int[] {config.queryWidth(), key, key};
        for (int i = 0; i < widths.length; i++) {
            String name = prefix + names.queryKeyValue().get(i);
            linears.add(
                    new LinearShape(name, widths[i], hidden, config.attentionBias(), prefix + names.attentionNorm()));
        }
        String output = prefix + names.output();
        linears.add(new LinearShape(output, hidden, config.queryWidth(), config.outputBias(), output));
        int width = config.design().gated() && names.gateUp().size() == 1 ? Math.multiplyExact(2, inter) : inter;
        for (String name : names.gateUp()) {
            linears.add(new LinearShape(prefix + name, width, hidden, bias, prefix + names.feedForwardNorm()));
        }
        String down = prefix + names.down();
        linears.add(new LinearShape(down, hidden, inter, bias, down));
        return linears;
    }

    /** All weights, each once, by name and in the order of the forward pass. */
    static Map<String, Stored> stored(DecoderConfig config) {
        return new Listing(config).all();
    }

    private static final class Listing {
        private final DecoderConfig config;
        private final Architecture architecture;
        private final Map<String, Stored> all = new LinkedHashMap<>();

        Listing(DecoderConfig config) {
            this.config = config;
            this.architecture = Architectures.of(config.architecture());
        }

        Map<String, Stored> all() {
            TensorNames names = architecture.names();
            int hidden = config.hiddenSize();
            table(names.embedding(), config.vocabularySize());
            if (config.design().learnedPositions()) {
                table(names.positions(), config.maxPositions());
            }
            for (int layer = 0; layer < config.layers(); layer++) {
                String prefix = names.block(layer);
                norm(prefix + names.attentionNorm(), hidden);
                if (config.design().headNorms()) {
                    norm(prefix + TensorNames.QUERY_NORM, config.headDim());
                    norm(prefix + TensorNames.KEY_NORM, config.headDim());
                }
                linears(config, names, layer).forEach(this::linear);
                norm(prefix + names.feedForwardNorm(), hidden);
                if (config.design().resultNorms()) {
                    norm(prefix + names.attentionResultNorm(), hidden);
                    norm(prefix + names.feedForwardResultNorm(), hidden);
                }
            }
            norm(names.norm(), hidden);
            if (!config.tiedEmbeddings()) {
                table(names.head(), config.vocabularySize());
            }
            return all;
        }

        private void add(String name, boolean transposed, boolean plusOne, int... shape) {
            all.put(name, new Stored(name, shape, transposed, plusOne));
        }

        private void table(String name, int rows) {
            add(name + ".weight", false, false, rows, config.hiddenSize());
        }

        private void norm(String name, int size) {
            add(name + ".weight", false, config.design().norm() == Design.Norm.RMS_PLUS_ONE, size);
            if (config.design().norm() == Design.Norm.LAYER) {
                add(name + ".bias", false, false, size);
            }
        }

        private void linear(LinearShape shape) {
            add(shape.name() + ".weight", architecture.transposedLinears(), false, shape.out(), shape.in());
            if (shape.bias()) {
                add(shape.name() + ".bias", false, false, shape.out());
            }
        }
    }

    static Weights of(DecoderConfig config, Source source) {
        return new Reading(config, source).all();
    }

    /** Asks a source for one weight after the other. */
    private static final class Reading {
        private final DecoderConfig config;
        private final TensorNames names;
        private final Map<String, Stored> stored;
        private final Source source;

        Reading(DecoderConfig config, Source source) {
            this.config = config;
            this.names = Architectures.of(config.architecture()).names();
            this.stored = stored(config);
            this.source = source;
        }

        Weights all() {
            Weight embedding = matrix(names.embedding());
            Weight positions = config.design().learnedPositions() ? matrix(names.positions()) : null;
            List<Block> blocks = new ArrayList<>();
            for (int layer = 0; layer < config.layers(); layer++) {
                blocks.add(block(names.block(layer)));
            }
            Weight head = config.tiedEmbeddings() ? embedding : matrix(names.head());
            return new Weights(embedding, positions, List.copyOf(blocks), norm(names.norm()), head);
        }

        private Block block(String prefix) {
            boolean heads = config.design().headNorms();
            boolean results = config.design().resultNorms();
            return new Block(
                    norm(prefix + names.attentionNorm()),
                    linears(prefix, names.queryKeyValue()),
                    heads ? norm(prefix + TensorNames.QUERY_NORM) : null,
                    heads ? norm(prefix + TensorNames.KEY_NORM) : null,
                    linear(prefix + names.output()),
                    results ? norm(prefix + names.attentionResultNorm()) : null,
                    norm(prefix + names.feedForwardNorm()),
                    linears(prefix, names.gateUp()),
                    linear(prefix + names.down()),
                    results ? norm(prefix + names.feedForwardResultNorm()) : null);
        }

        private Norm norm(String name) {
            return new Norm(vector(name + ".weight"), bias(name));
        }

        private List<LinearWeight> linears(String prefix, List<String> linears) {
            return linears.stream().map(name -> linear(prefix + name)).toList();
        }

        private LinearWeight linear(String name) {
            return new LinearWeight(name, matrix(name), bias(name));
        }

        private @Nullable Tensor bias(String name) {
            return stored.containsKey(name + ".bias") ? vector(name + ".bias") : null;
        }

        private Weight matrix(String name) {
            return source.matrix(Objects.requireNonNull(stored.get(name + ".weight")));
        }

        private Tensor vector(String name) {
            return source.vector(Objects.requireNonNull(stored.get(name)));
        }
    }
}
