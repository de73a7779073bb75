package org.moelora.adapter;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Linear;
import org.moelora.kernels.Device;

/**
 * Small trainable matrices beside the linears of a frozen base. Owns its memory; close it when no view uses it any more. May be used by several
 * threads while it is not in training.
 */
public final class Adapter implements AutoCloseable {
    /** Names of the files that {@link #save} and {@link #saveInto} write. */
    public static final Set<String> FILES = Set.of(AdapterFolder.CONFIG, AdapterFolder.TENSORS);

    /** What {@link Kept} calls the number of the adapter that answers. */
    private static final String GENERATION = "generation";

    private final AdapterConfig config;
    private final AdapterBlocks blocks;
    private final Map<String, AdapterLayer> layers;
    private final Routers routers;
    private final Fingerprint base;
    private final Path baseSource;
    private final boolean fanInFanOut;
    private final Lifetime lifetime;
    private volatile List<String> origins = List.of();
    private volatile @Nullable KnownPrompts prompts;
    private volatile @Nullable Adapter older;

    private Adapter(
            AdapterConfig config,
            AdapterBlocks blocks,
            Routers routers,
            List<LinearSite> sites,
            Fingerprint base,
            Path baseSource,
            boolean fanInFanOut) {
        this.config = config;
        this.blocks = blocks;
        this.routers = routers;
        this.layers = blocks.layers(config, routers, sites);
        this.base = base;
        this.baseSource = baseSource;
        this.fanInFanOut = fanInFanOut;
        this.lifetime = new Lifetime("the adapter", () -> {
            blocks.close();
            Adapter before = older;
            if (before != null) {
                before.close();
            }
        });
    }

    /**
     * A new adapter for a base: A uniform within {@code 1 / sqrt(in)} (Kaiming with a = sqrt 5), B zero, cores see {@link ExpertSpace#CORE}, the router normal
     * with standard deviation 0.02; of other gates see {@link GatePolicy#parameters}; magnitudes m are those of the base's rows. Until it is trained, the adapted
     * model equals the base bit for bit.
     *
     * @throws InputException if a target is not a linear of the base
     */
    public static Adapter create(Adaptable base, AdapterConfig config, long seed) {
        return create(base, config, seed, GateInit.FIXED);
    }

    /** {@link #create(Adaptable, AdapterConfig, long)} with other first values of the router. */
    public static Adapter create(Adaptable base, AdapterConfig config, long seed, GateInit init) {
        Adapter adapter = zero(base, config);
        try {
            FirstValues first = new FirstValues(base.device(), seed, init);
            adapter.layers.values().forEach(layer -> first.set(layer, adapter.routers.parameters(layer.site())));
            return adapter;
        } catch (RuntimeException | Error e) {
            adapter.close();
            throw e;
        }
    }

    /**
     * What this adapter was before training: a new one of its configuration, as {@link #create} makes it, with the statistics of its router.
     *
     * @param base that it was made for
     * @param seed that it was made with
     */
    public Adapter untrained(Adaptable base, long seed) {
        Adapter fresh = create(base, config, seed);
        blocks.constants().parameters().stream()
                .filter(each -> !each.name().endsWith("." + GatePolicy.BIAS))
                .forEach(each -> fresh.tensor(each.name()).set(each.toArray()));
        return fresh;
    }

    /**
     * Moves the bias of gates that choose by {@code p + b} towards equal loads: {@code b_e += 0.001 sign(mean_j n_j - n_e)} on each linear.
     *
     * @param loads n [E], how many tokens chose each expert in a training step, by the name of the linear that has the router; others stay as they are
     */
    public void balance(Map<String, int[]> loads) {
        loads.forEach((module, load) -> {
            AdapterLayer layer = layers.get(module);
            GatePolicy policy = config.gate();
            if (layer != null && policy != null && policy.biased()) {
                layer.balance(load);
            }
        });
    }

    /** All zero: for reading values in. */
    static Adapter zero(Adaptable base, AdapterConfig asked) {
        AdapterConfig config = asked.on(base.linears());
        List<LinearSite> sites = config.targeted(base.linears());
        Routers routers = new Routers(config, sites);
        AdapterBlocks blocks = AdapterBlocks.zero(base, config, routers, sites);
        try {
            return new Adapter(config, blocks, routers, sites, base.fingerprint(), base.source(), base.fanInFanOut());
        } catch (RuntimeException | Error e) {
            blocks.close();
            throw e;
        }
    }

    /** This adapter on a {@link Device#rehearsal}, with the same values and with gradients of its own. */
    public Adapter on(Device rehearsal) {
        try (Lifetime.Use use = lifetime.enter()) {
            // Where experts came from does not matter to a rehearsal.
            Adapter copy = new Adapter(config, blocks.on(rehearsal), routers, sites(), base, baseSource, fanInFanOut);
            Adapter before = older;
            copy.prompts = prompts;
            copy.older = before == null ? null : before.on(rehearsal);
            return copy;
        }
    }

    /**
     * Reads an adapter folder for a base.
     *
     * @throws InputException if a file is missing or malformed, or the adapter was made for another base; the message names what differs
     */
    public static Adapter load(Path folder, Adaptable base) {
        return AdapterFolder.read(folder, base);
    }

    /**
     * Refuses a base that is not the one this adapter was made for, or read for.
     *
     * @throws InputException naming what differs
     */
    public void checkBase(Adaptable other) {
        base.difference(other.fingerprint()).ifPresent(difference -> {
            throw new InputException("the adapter was made for another base: expected " + difference
                    + (other.source().toString().isEmpty() ? "" : " in " + other.source()));
        });
    }

    /**
     * Writes {@code adapter_config.json} and {@code adapter_model.safetensors}, whole or not at all. An older adapter there is replaced.
     *
     * @throws InputException if the folder cannot be written, or holds anything else
     */
    public void save(Path folder) {
        save(folder, null);
    }

    /** {@link #save(Path)}, noting the losses it was trained with. */
    public void save(Path folder, @Nullable LossSettings losses) {
        try (Lifetime.Use use = lifetime.enter()) {
            AdapterFolder.write(this, folder, losses);
        }
    }

    /**
     * Writes the same files into a folder that exists: for one that holds more, and is itself written whole or not at all.
     *
     * @throws InputException if a file cannot be written
     */
    public void saveInto(Path folder, LossSettings losses) {
        AdapterFolder.writeInto(this, folder, losses);
    }

    public AdapterConfig config() {
        return config;
    }

    public Device device() {
        return blocks.trained().device();
    }

    /** All parameters: values, and gradients in training. */
    public ParameterBlock parameters() {
        return blocks.trained();
    }

    /** Whether a parameter of this adapter is its gates': not A, B, a core or a magnitude of DoRA. */
    public boolean isRouter(Parameter parameter) {
        return AdapterBlocks.isRouter(parameter);
    }

    /** Whether a parameter of this adapter is the B of a pair, or the stacked B of all experts. */
    public boolean isB(Parameter parameter) {
        return AdapterBlocks.isB(parameter);
    }

    /** What this adapter is on disk, learned or not, by its name in memory. */
    Parameter tensor(String name) {
        return blocks.get(name);
    }

    /**
     * Takes over what another adapter of the same configuration holds, learned and not.
     *
     * @throws IllegalArgumentException if the configurations differ
     */
    public void set(Adapter other) {
        if (!config.equals(other.config)) {
            throw new IllegalArgumentException("an adapter " + other.config + " cannot be copied into " + config);
        }
        if ((older == null) != (other.older == null)) {
            throw new IllegalArgumentException("one of the two adapters grew on another one, and the other did not");
        }
        blocks.set(other.blocks);
        origins = other.origins;
        prompts = other.prompts;
    }

    /** Number of trainable parameters. */
    public long parameterCount() {
        return blocks.trained().count();
    }

    /** Where each expert came from, if they were trained apart; empty if they were not. */
    public List<String> origins() {
        return origins;
    }

    /** The adapter that learned before this one and answers the prompts that are nearer to its own; null if this one answers all. */
    public @Nullable Adapter older() {
        return older;
    }

    void growsOn(@Nullable Adapter before) {
        older = before;
    }

    /** What the prompts that it learned from look like; null if it does not know. */
    @Nullable KnownPrompts prompts() {
        return prompts;
    }

    /** Whether it knows what the prompts look like that it learned from, so that another one can grow on it. */
    public boolean knowsPrompts() {
        return prompts != null;
    }

    void knows(KnownPrompts learned) {
        prompts = learned;
    }

    /**
     * A pass in which every row has the adapter that answers it: that with the nearest known prompt, the older one where two are as near, and the oldest for a row
     * without a prompt. Made once per text.
     *
     * @param x the tokens' embeddings [T, hidden]
     */
    public AdapterPass answering(Tape tape, AdapterPass pass, Tensor x) {
        pass.measurePrompts(tape, x);
        if (older == null || !pass.choosesAdapter()) {
            return pass;
        }
        float[] chosen = pass.keptOnHost(
                GENERATION,
                () -> AdapterChain.of(this)
                        .nearest(pass.sumsOfPrompts(tape, x), x.shape().cols()));
        int[] ofRows = new int[chosen.length];
        for (int row = 0; row < ofRows.length; row++) {
            ofRows[row] = (int) chosen[row];
        }
        return pass.answeredBy(ofRows);
    }

    /** How many adapters learned after the one that answers a text. */
    int generation(Kept ofText) {
        return older == null ? 0 : (int) ofText.onHost(GENERATION, () -> new float[1])[0];
    }

    /** The adapter that answers a text whose prompt was read with this one: itself, or one that it grew on. */
    Adapter answering(Kept ofText) {
        return AdapterChain.of(this).adapters().get(generation(ofText));
    }

    /** Whether what it adds to a token's row has the same bits whatever other tokens are there. */
    boolean rowsAlike() {
        // DoRA multiplies the base's weight again, and thresholds, one for each token, are a vector over the tokens.
        return !config.dora()
                && !(config.gate() instanceof GatePolicy.Threshold && config.router() instanceof Router.Token);
    }

    /** Whether a text's adapter or its gates depend on its whole prompt, so that it cannot be read in parts. */
    public boolean readsWholePrompts() {
        return older != null || (config.gate() != null && config.router() instanceof Router.Prompt);
    }

    void comesFrom(List<String> names) {
        origins = List.copyOf(names);
    }

    /** The adapted linears, bottom to top. */
    public List<LinearSite> sites() {
        return layers.values().stream().map(AdapterLayer::site).toList();
    }

    /** Names of the adapted linears, bottom to top. */
    public List<String> modules() {
        return List.copyOf(layers.keySet());
    }

    /**
     * Keeps the memory from being freed until the use ends.
     *
     * @throws IllegalStateException if the adapter is closed
     */
    public Lifetime.Use enter() {
        return lifetime.enter();
    }

    /**
     * The gates of a task, which do not depend on the token: with them an adapter whose gate is by task is, on each linear, the single update
     * {@code s sum_e g_e B_e A_e}.
     *
     * @return g [E] by the linear's name
     * @throws InputException if the gates depend on the token, or there is no such task
     */
    public Map<String, double[]> fixedGates(String task) {
        if (!(config.gate() instanceof GatePolicy.TaskGate taskGate)) {
            throw new InputException("the gates of this adapter do not depend on a task; expected no task");
        }
        try (Lifetime.Use use = lifetime.enter()) {
            Map<String, double[]> gates = new LinkedHashMap<>();
            layers.forEach((module, layer) -> gates.put(module, taskGate.fixedGate(task, layer.gateParameters())));
            return gates;
        }
    }

    /** The trained magnitudes m of a linear's rows, [out]; null where there are none, as without DoRA. */
    public float @Nullable [] magnitudes(LinearSite site) {
        AdapterLayer layer = layers.get(site.name());
        return layer != null && layer.composition() instanceof Dora dora
                ? dora.m().toArray()
                : null;
    }

    Routers routers() {
        return routers;
    }

    /** The adapted linear whose router decides for this one: itself, or another that reads the same input and shares it. */
    public LinearSite routerOf(LinearSite site) {
        return routers.of(site);
    }

    Map<String, AdapterLayer> layers() {
        return layers;
    }

    Fingerprint base() {
        return base;
    }

    boolean fanInFanOut() {
        return fanInFanOut;
    }

    Path baseSource() {
        return baseSource;
    }

    /**
     * A linear with its adapter, if it has one: {@code W0 x + bias + s sum_e g_e(x) B_e A_e x}.
     *
     * @param module the linear's name
     * @param x [T, in]
     * @param weight W0, of the base that this adapter was made for
     * @return [T, out]
     */
    public Tensor apply(Tape tape, AdapterPass pass, String module, Tensor x, Weight weight, @Nullable Tensor bias) {
        tape.use(lifetime);
        if (older != null) {
            return AdapterChain.of(this).apply(tape, pass, module, x, weight, bias);
        }
        AdapterLayer layer = layers.get(module);
        return layer == null ? Linear.apply(tape, x, weight, bias) : layer.apply(tape, pass, x, weight, bias);
    }

    /**
     * Frees the memory as soon as no forward or backward pass is under way that uses it. Any later use of a view with this adapter,
     * on any thread, throws {@link IllegalStateException}.
     */
    @Override
    public void close() {
        lifetime.close();
    }
}
