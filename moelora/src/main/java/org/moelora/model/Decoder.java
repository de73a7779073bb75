package org.moelora.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
import org.moelora.engine.io.FolderFile;
import org.moelora.engine.io.GgufFile;
import org.moelora.engine.ops.Magnitude;
import org.moelora.engine.random.RandomStream;
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
            if (Files.isRegularFile(model)) {
                GgufFile file = GgufFile.open(model);
                resources.add(file);
                DecoderConfig config = GgufConfig.read(file);
                ModelText text = ModelText.of(file.metadata());
                return load(config, new GgufCheckpoint(file, config), text, device, quantization, resources);
            }
            if (!Files.isDirectory(model)) {
                throw new InputException(
                        model + ": there is no such model; expected a folder with config.json, or a GGUF file");
            }
            DecoderConfig config = DecoderConfig.read(FolderFile.of(model, "config.json"));
            ModelText text = ModelText.of(model);
            Checkpoint checkpoint = Checkpoint.open(model);
            resources.add(checkpoint);
            return load(config, checkpoint, text, device, quantization, resources);
        } catch (RuntimeException | Error e) {
            closeAll(resources);
            throw e;
        }
    }

    private static Decoder load(
            DecoderConfig config,
            WeightFiles files,
            ModelText text,
            Device device,
            Quantization quantization,
            List<AutoCloseable> resources) {
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

    /** The tokens that end a text: config.json's and the tokenizer's. */
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

    /** A view of this decoder with an adapter on it. Cheap; the decoder is not changed. */
    public LanguageModel with(Adapter adapter) {
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
     * Unmaps the weights, and closes the device if it was opened with the decoder, as soon as no pass is under way that uses them. Whoever goes on
     * using a view of this decoder, on whatever thread, gets an {@link IllegalStateException}: a generation at its next token, a training at its
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
