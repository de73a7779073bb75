package org.moelora.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adaptable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Fingerprint;
import org.moelora.adapter.LinearSite;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.InputException;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Magnitude;
import org.moelora.engine.random.RandomStream;
import org.moelora.grammar.Grammars;
import org.moelora.io.FolderFile;
import org.moelora.io.GgufFile;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.kernels.Device;
import org.moelora.kernels.Owner;
import org.moelora.text.ChatTemplate;
import org.moelora.text.Tokenizer;

/**
 * A decoder-only transformer, described by its {@link DecoderConfig}: checkpoints of Llama, Mistral, Qwen2, Qwen3, Gemma 3, Phi-3 and GPT-2. The base
 * model that adapters are put on.
 *
 * <p>Immutable and safe for use by several threads. Weights are mapped read-only from the checkpoint in the format they have
 * there and are never written. {@link #with} gives a view with an adapter and {@link #plain} one without; any number of views live
 * side by side, and detaching is dropping the view.
 */
public final class Decoder implements Adaptable, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Decoder.class.getName());

    private final DecoderConfig config;
    private final Device device;
    private final Weights weights;
    private final ModelText text;
    private final Path source;
    private final List<AutoCloseable> resources;
    private final @Nullable WeightFiles files;
    private final @Nullable ParameterBlock parameters;
    private final Lifetime lifetime;
    private volatile @Nullable Fingerprint fingerprint;
    private @Nullable Grammars grammars;

    private Decoder(
            DecoderConfig config,
            Device device,
            Weights weights,
            ModelText text,
            Path source,
            @Nullable WeightFiles files,
            @Nullable ParameterBlock parameters,
            List<AutoCloseable> resources) {
        this.config = config;
        this.device = device;
        this.weights = weights;
        this.text = text;
        this.source = source;
        this.files = files;
        this.parameters = parameters;
        this.resources = resources;
        String name = source.toString().isEmpty() ? "the decoder" : "the decoder of " + source;
        this.lifetime = new Lifetime(name, () -> closeAll(resources));
    }

    /** Loads a model on the fastest CPU device, which is closed with the decoder. See {@link #load(Path, Device, Quantization)}. */
    public static Decoder load(Path model) {
        return load(model, DeviceChoice.FASTEST);
    }

    /** As {@link #load(Path, DeviceChoice, Quantization)}, with every matrix as it is stored. */
    public static Decoder load(Path model, DeviceChoice choice) {
        return load(model, choice, Quantization.NONE);
    }

    /**
     * Loads a model on a device that is opened for it and closed with it. See {@link #load(Path, Device, Quantization)}.
     *
     * @throws InputException as there, and if there is no such device
     */
    public static Decoder load(Path model, DeviceChoice choice, Quantization quantization) {
        Device device = choice.open();
        try {
            Decoder decoder = load(model, device, quantization);
            decoder.resources.add(device);
            return decoder;
        } catch (RuntimeException | Error e) {
            device.close();
            throw e;
        }
    }

    /** As {@link #load(Path, Device, Quantization)}, with every matrix as it is stored. */
    public static Decoder load(Path model, Device device) {
        return load(model, device, Quantization.NONE);
    }

    /**
     * Loads a Hugging Face folder ({@code config.json}, {@code model.safetensors} or shards with an index, and {@code tokenizer.json} if there is one), or a
     * GGUF file with the tokenizer in it. The device stays the caller's.
     *
     * @throws InputException if something is missing, malformed or not supported; the message names the file and the field, key or tensor
     */
    public static Decoder load(Path model, Device device, Quantization quantization) {
        List<AutoCloseable> resources = new ArrayList<>();
        try {
            Unused unused = new Unused();
            if (Files.isRegularFile(model)) {
                ForeignModel.refuse(model);
                GgufFile file = GgufFile.open(model);
                resources.add(file);
                DecoderConfig config = GgufConfig.read(file, unused);
                ModelText text = ModelText.of(file.metadata());
                WeightFiles weights = new GgufCheckpoint(file, config);
                return load(config, weights, text, device, quantization, resources, unused);
            }
            if (!Files.isDirectory(model)) {
                throw new InputException(
                        model + ": there is no such model; expected a folder with config.json, or a GGUF file");
            }
            ForeignModel.refuseFolder(model);
            JsonObject json = Json.read(FolderFile.of(model, "config.json"));
            DecoderConfig config = Architectures.read(json, unused);
            List<Integer> ends = GenerationFile.ends(model, config.vocabularySize(), unused);
            if (!ends.isEmpty()) {
                // What the family ends texts with counts only where no file says it.
                Stream<Integer> named = json.has("eos_token_id") ? config.eosIds().stream() : Stream.of();
                config = config.withEnds(
                        Stream.concat(named, ends.stream()).distinct().toList());
            }
            ModelText text = ModelText.of(model);
            Checkpoint checkpoint = Checkpoint.open(model);
            resources.add(checkpoint);
            config = tied(config, checkpoint);
            return load(config, checkpoint, text, device, quantization, resources, unused);
        } catch (RuntimeException | Error e) {
            closeAll(resources);
            throw e;
        }
    }

    /** A checkpoint that is said to be tied and holds a last linear with other numbers than the embedding is not tied. */
    private static DecoderConfig tied(DecoderConfig config, Checkpoint checkpoint) {
        TensorNames names = Architectures.of(config.architecture()).names();
        if (!config.tiedEmbeddings()
                || checkpoint
                        .same(names.head() + ".weight", names.embedding() + ".weight")
                        .orElse(true)) {
            return config;
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "{0}: tie_word_embeddings is not false, and {1}.weight has other numbers than the embedding: it is used as it is",
                checkpoint.source(),
                names.head());
        return config.untied();
    }

    /** Refuses tensors that no weight is read from, unless they are known to change nothing. */
    private static void checkTensors(DecoderConfig config, WeightFiles files, Unused unused) {
        Set<String> rest = new TreeSet<>(files.names());
        Weights.stored(config).values().forEach(stored -> rest.remove(files.nameOf(stored)));
        String head = Architectures.of(config.architecture()).names().head() + ".weight";
        for (String name : rest) {
            // A copy of the embedding.
            if (!files.isHarmless(name) && !(config.tiedEmbeddings() && name.equals(head))) {
                throw new InputException(files.source() + ": tensor " + name
                        + " belongs to no part of this " + config.architecture() + " of " + config.layers()
                        + " layers; expected a checkpoint without it, or a configuration that has its part");
            }
        }
        rest.removeIf(name -> name.equals(GgufLayout.ROPE_FACTORS));
        unused.add("tensors", rest, name -> true);
    }

    private static Decoder load(
            DecoderConfig config,
            WeightFiles files,
            ModelText text,
            Device device,
            Quantization quantization,
            List<AutoCloseable> resources,
            Unused unused) {
        Tokenizer tokenizer = text.tokenizer();
        if (tokenizer != null && tokenizer.vocabularySize() > config.vocabularySize()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the tokenizer of {0} has {1} tokens and the model only {2}: texts that need the others will be refused",
                    files.source(),
                    Integer.toString(tokenizer.vocabularySize()),
                    Integer.toString(config.vocabularySize()));
        }
        StoredWeights source = new StoredWeights(files, config, device, quantization, resources);
        checkTensors(config, files, unused);
        unused.log(files.source());
        Weights weights = Weights.of(config, source);
        source.log();
        return new Decoder(config, device, weights, text, files.source(), files, null, resources);
    }

    /**
     * A decoder whose weights are all float32 parameters, for pretraining: matrices normal with standard deviation 0.02, those that write
     * into the residual stream divided by {@code sqrt(2 layers)} (Radford et al. 2019), norms one, biases zero. For families of Llama's design.
     *
     * @param tokenizer for generation and scoring of text, or null
     */
    public static Decoder trainable(DecoderConfig config, @Nullable Tokenizer tokenizer, Device device, long seed) {
        ParameterBlock.Builder builder = ParameterBlock.builder(device, Owner.MODEL);
        if (config.design().norm() != Design.Norm.RMS) {
            throw new IllegalArgumentException("the weights of " + config.architecture()
                    + " are frozen: its norms have no" + " derivative in their weights");
        }
        Weights.stored(config).forEach((name, stored) -> builder.add(name, stored.shape()));
        ParameterBlock block = builder.build();
        try {
            initialise(block, config, seed);
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
        Weights weights = Weights.of(config, new Weights.Source() {
            @Override
            public Weight matrix(Weights.Stored stored) {
                return block.get(stored.name());
            }

            @Override
            public Tensor vector(Weights.Stored stored) {
                return block.get(stored.name());
            }
        });
        List<AutoCloseable> resources = new ArrayList<>(List.of(block));
        return new Decoder(config, device, weights, ModelText.of(tokenizer), Path.of(""), null, block, resources);
    }

    private static void initialise(ParameterBlock block, DecoderConfig config, long seed) {
        double residual = 0.02 / Math.sqrt(2.0 * config.layers());
        for (Parameter parameter : block.parameters()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            String name = parameter.name();
            if (parameter.shape().rank() == 2) {
                boolean intoResidual = name.contains("o_proj") || name.contains("down_proj");
                RandomStream random = RandomStream.of(seed, 0, name);
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (random.normal() * (intoResidual ? residual : 0.02));
                }
            } else if (name.endsWith("norm.weight")) {
                Arrays.fill(values, 1);
            }
            parameter.set(values);
        }
    }

    public DecoderConfig config() {
        return config;
    }

    @Override
    public Device device() {
        return device;
    }

    /** The model's tokenizer, or null if it has none: then rows come as {@code input_ids}. */
    public @Nullable Tokenizer tokenizer() {
        return text.tokenizer();
    }

    /**
     * How conversations are written for the model, or null if its files do not say: {@code chat_template.jinja}, {@code chat_template} of {@code
     * tokenizer_config.json}, or {@code tokenizer.chat_template} of a GGUF file.
     *
     * @throws InputException if the template has a construct that is not supported
     */
    public @Nullable ChatTemplate chatTemplate() {
        return text.chatTemplate();
    }

    /** The folder or the file it was loaded from; empty for a {@link #trainable} decoder. */
    @Override
    public Path source() {
        return source;
    }

    /** Grammars for texts of this model, whose tokens are made by its tokenizer. */
    Grammars grammars(Tokenizer tokenizer) {
        synchronized (text) {
            Grammars all = grammars;
            if (all == null) {
                all = new Grammars(tokenizer, config.vocabularySize(), eosIds());
                grammars = all;
            }
            return all;
        }
    }

    /** The tokens that end a text: those of config.json, generation_config.json and the tokenizer, or of a GGUF file. */
    public List<Integer> eosIds() {
        List<Integer> ids = new ArrayList<>(config.eosIds());
        Tokenizer tokenizer = text.tokenizer();
        if (tokenizer != null) {
            tokenizer.eosId().ifPresent(id -> {
                if (!ids.contains(id)) {
                    ids.add(id);
                }
            });
        }
        return ids;
    }

    /** All weights of a {@link #trainable} decoder. */
    public ParameterBlock parameters() {
        if (parameters == null) {
            throw new IllegalStateException("the weights of a loaded decoder are frozen");
        }
        return parameters;
    }

    Weights weights() {
        return weights;
    }

    /** The files it was loaded from; null for a {@link #trainable} decoder. */
    @Nullable WeightFiles files() {
        return files;
    }

    /** Bytes of the matrices that are read in place from the checkpoint. */
    long mappedBytes() {
        return resources.stream()
                .mapToLong(resource -> resource instanceof FrozenWeight weight ? weight.bytes() : 0)
                .sum();
    }

    /** This decoder on a {@link Device#rehearsal}; it owns nothing. */
    Decoder on(Device rehearsal) {
        return new Decoder(config, rehearsal, weights, text, source, files, parameters, List.of());
    }

    /**
     * A view of this decoder with an adapter on it. Cheap; the decoder is not changed.
     *
     * @throws InputException if the adapter was made for another base, or read for one; the message names what differs
     */
    public LanguageModel with(Adapter adapter) {
        adapter.checkBase(this);
        return new LanguageModel(this, adapter);
    }

    /** A view of this decoder alone. */
    public LanguageModel plain() {
        return new LanguageModel(this, null);
    }

    @Override
    public List<LinearSite> linears() {
        return config.linears();
    }

    @Override
    public float[] rowSquares(LinearSite site) {
        Weight weight = weights.linears()
                .filter(linear -> linear.name().equals(site.name()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no linear " + site.name()))
                .weight();
        try (Tape tape = Tape.inference(device)) {
            tape.use(lifetime);
            return Magnitude.squares(tape, weight).toArray();
        }
    }

    @Override
    public boolean fanInFanOut() {
        return Architectures.of(config.architecture()).transposedLinears();
    }

    @Override
    public Fingerprint fingerprint() {
        Fingerprint known = fingerprint;
        if (known == null) {
            String hash;
            try (Lifetime.Use use = lifetime.enter()) {
                hash = files == null ? "in training" : files.hash();
            }
            known = new Fingerprint(
                    config.architecture(),
                    config.layers() + " layers, hidden " + config.hiddenSize() + ", intermediate "
                            + config.intermediateSize() + ", heads " + config.heads() + "/" + config.kvHeads() + " of "
                            + config.headDim() + ", vocabulary " + config.vocabularySize(),
                    hash);
            fingerprint = known;
        }
        return known;
    }

    /**
     * Unmaps the weights, and closes the device if it was opened with the decoder, as soon as no pass is under way that uses them. Any
     * later use of a view of this decoder, on any thread, throws {@link IllegalStateException}: a generation at its next token, a training at its
     * next step. Never waits; closing twice does nothing.
     */
    @Override
    public void close() {
        lifetime.close();
    }

    /**
     * What an {@link InternalError} in a pass means, which the JVM throws for mapped weights that are not there any more.
     *
     * @return the sentence if a file of the checkpoint has been cut off meanwhile, the error itself otherwise
     */
    public RuntimeException explained(InternalError fault) {
        if (files != null) {
            try {
                files.checkWhole();
            } catch (InputException e) {
                e.addSuppressed(fault);
                return e;
            }
        }
        throw fault;
    }

    /** What keeps the weights where they are while a pass reads them. */
    Lifetime lifetime() {
        return lifetime;
    }

    private static void closeAll(List<AutoCloseable> resources) {
        RuntimeException failure = null;
        for (AutoCloseable resource : resources) {
            try {
                resource.close();
            } catch (Exception e) { // the others are closed nevertheless
                failure = failure == null ? new IllegalStateException("closing " + resource, e) : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
