package org.moelora.adapter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Pieces;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Magnitude;
import org.moelora.engine.random.RandomStream;
import org.moelora.kernels.Device;
import org.moelora.kernels.Owner;

/**
 * Small trainable matrices beside the linears of a frozen base. Owns its memory; close it when no view uses it any more. May be used by several
 * threads while it is not in training.
 */
public final class Adapter implements AutoCloseable {
    /** Names of the files that {@link #save} and {@link #saveInto} write. */
    public static final Set<String> FILES = Set.of(AdapterFolder.CONFIG, AdapterFolder.TENSORS);

    /** Of one parameter, whose values have to fit in an array. */
    private static final int MAX_ELEMENTS = Integer.MAX_VALUE - 8;

    /** How far a step moves a bias of a gate; DeepSeek-V3's and SMoRA's (arXiv 2501.15103). */
    private static final float BALANCE_RATE = 1e-3f;

    /** What a linear's m is called, after its name. */
    static final String MAGNITUDE = ".lora_magnitude_vector";

    private static final String SQUARES = ".squares";

    private final AdapterConfig config;
    private final ParameterBlock block;

    /** What is not trainable: {@code |w_o|^2} of the adapted weights where the magnitudes of their rows are trained, and a router's statistics. */
    private final ParameterBlock constants;

    private final Map<String, AdapterLayer> layers = new LinkedHashMap<>();
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
            ParameterBlock block,
            ParameterBlock constants,
            List<LinearSite> sites,
            Fingerprint base,
            Path baseSource,
            boolean fanInFanOut) {
        this.config = config;
        this.block = block;
        this.constants = constants;
        this.base = base;
        this.baseSource = baseSource;
        this.fanInFanOut = fanInFanOut;
        this.routers = new Routers(config, sites);
        for (LinearSite site : sites) {
            String module = site.name();
            LinearSite router = routers.of(site);
            layers.put(
                    module,
                    new AdapterLayer(
                            site,
                            router,
                            config,
                            block.get(module + ".lora_A"),
                            block.get(module + ".lora_B"),
                            config.space() == ExpertSpace.CORE ? block.get(module + ExpertSpace.CORES) : null,
                            gates(block, constants, config, routers, router),
                            byName(constants, router.name(), routers.statistics(router)),
                            config.dora()
                                    ? new AdapterLayer.Magnitudes(
                                            block.get(module + MAGNITUDE), constants.get(module + SQUARES))
                                    : null));
        }
        this.lifetime = new Lifetime("the adapter", () -> {
            block.close();
            constants.close();
            Adapter before = older;
            if (before != null) {
                before.close();
            }
        });
    }

    private static Map<String, Parameter> byName(ParameterBlock block, String module, List<GateParameter> names) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        names.forEach(each -> parameters.put(each.name(), block.get(module + "." + each.name())));
        return parameters;
    }

    /** What a gate reads: what it trains, and its statistics. */
    private static Map<String, Parameter> gates(
            ParameterBlock block, ParameterBlock constants, AdapterConfig config, Routers routers, LinearSite router) {
        Map<String, Parameter> all = byName(block, router.name(), routers.parameters(router));
        GatePolicy policy = config.gate();
        if (policy != null) {
            all.putAll(byName(constants, router.name(), policy.statistics(config.experts(router))));
        }
        return all;
    }

    /**
     * A new adapter for a base: A uniform within {@code 1 / sqrt(in)} (Kaiming with a = sqrt 5), B zero, cores see {@link ExpertSpace#CORE}, the router normal with standard deviation
     * 0.02; of other gates see {@link GatePolicy#parameters}; magnitudes m are those of the base's rows. Until it learns, the adapted model equals the base bit for bit.
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
            initialise(adapter, base.device(), seed, init);
            return adapter;
        } catch (RuntimeException | Error e) {
            adapter.close();
            throw e;
        }
    }

    private static void initialise(Adapter adapter, Device device, long seed, GateInit init) {
        for (AdapterLayer layer : adapter.layers.values()) {
            RandomStream random = RandomStream.of(seed, 0, layer.module() + "/A");
            double bound = 1 / Math.sqrt(layer.a().shape().dim(1));
            fill(layer.a(), () -> (2 * random.uniform() - 1) * bound);
            Parameter cores = layer.cores();
            if (cores != null) {
                fillCores(cores, RandomStream.of(seed, 0, layer.module() + "/cores"));
            }
            for (GateParameter gate : adapter.routers.parameters(layer.site())) {
                String stream = gate.name().equals(GatePolicy.ROUTER) ? "router" : gate.name();
                RandomStream normal = RandomStream.of(seed, 0, layer.module() + "/" + stream);
                double std = init.std(gate);
                if (std > 0) {
                    fill(adapter.block.get(layer.module() + "." + gate.name()), () -> std * normal.normal());
                }
            }
            AdapterLayer.Magnitudes magnitudes = layer.magnitudes();
            if (magnitudes != null) {
                try (Tape tape = Tape.inference(device)) {
                    magnitudes
                            .m()
                            .set(Magnitude.norms(tape, magnitudes.squares()).toArray());
                }
            }
        }
    }

    /** Each C_e the identity, and noise. */
    private static void fillCores(Parameter cores, RandomStream noise) {
        int rank = cores.shape().dim(1);
        float[] values = new float[Math.toIntExact(cores.shape().size())];
        for (int i = 0; i < values.length; i++) {
            int row = i / rank % rank;
            values[i] = (float) ((row == i % rank ? 1 : 0) + ExpertSpace.NOISE * noise.normal());
        }
        cores.set(values);
    }

    /**
     * What this adapter was before training: a new one of its configuration, as {@link #create} makes it, with the statistics of its router.
     *
     * @param base that it was made for
     * @param seed that it was made with
     */
    public Adapter untrained(Adaptable base, long seed) {
        Adapter fresh = create(base, config, seed);
        constants.parameters().stream()
                .filter(each -> !each.name().endsWith("." + GatePolicy.BIAS))
                .forEach(each -> fresh.constants.get(each.name()).set(each.toArray()));
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
            if (layer == null || config.gate() == null || !config.gate().biased()) {
                return;
            }
            Parameter bias = layer.statistic(GatePolicy.BIAS);
            float[] b = bias.toArray();
            long sum = Arrays.stream(load).asLongStream().sum();
            for (int e = 0; e < b.length; e++) {
                b[e] += BALANCE_RATE * Long.signum(sum - (long) load[e] * b.length);
            }
            bias.set(b);
        });
    }

    private static void fill(Parameter parameter, DoubleSupplier value) {
        Pieces.each(parameter.shape().size(), (from, values) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) value.getAsDouble();
            }
            parameter.write(from, values);
        });
    }

    /** All zero: for reading values in. */
    static Adapter zero(Adaptable base, AdapterConfig asked) {
        AdapterConfig config = asked.on(base.linears());
        List<LinearSite> sites = config.targeted(base.linears());
        for (LinearSite site : sites) {
            long width = width(config, site);
            if (width * Math.max(site.in(), site.out()) > MAX_ELEMENTS) {
                throw new InputException("experts times rank is " + width + "; expected at most "
                        + MAX_ELEMENTS / Math.max(site.in(), site.out()) + " on " + site.name());
            }
        }
        Routers routers = new Routers(config, sites);
        ParameterBlock.Builder builder = ParameterBlock.builder(base.device(), Owner.ADAPTER);
        for (LinearSite site : sites) {
            builder.add(site.name() + ".lora_A", Math.toIntExact(config.rowsOfA(site)), site.in());
            builder.add(site.name() + ".lora_B", site.out(), Math.toIntExact(config.columnsOfB(site)));
            if (config.space() == ExpertSpace.CORE) {
                builder.add(site.name() + ExpertSpace.CORES, Math.toIntExact(width(config, site)), config.rank(site));
            }
            for (GateParameter gate : routers.parameters(site)) {
                builder.add(site.name() + "." + gate.name(), gate.dims());
            }
            if (config.dora()) {
                builder.add(site.name() + MAGNITUDE, site.out());
            }
        }
        ParameterBlock constants = constants(base, config, routers, sites);
        try {
            return new Adapter(
                    config, builder.build(), constants, sites, base.fingerprint(), base.source(), base.fanInFanOut());
        } catch (RuntimeException | Error e) {
            constants.close();
            throw e;
        }
    }

    private static ParameterBlock constants(
            Adaptable base, AdapterConfig config, Routers routers, List<LinearSite> sites) {
        ParameterBlock.Builder builder = ParameterBlock.builder(base.device(), Owner.ADAPTER);
        for (LinearSite site : sites) {
            routers.statistics(site).forEach(each -> builder.add(site.name() + "." + each.name(), each.dims()));
            if (config.dora()) {
                builder.add(site.name() + SQUARES, site.out());
            }
        }
        Map<String, float[]> squares = new LinkedHashMap<>();
        if (config.dora()) {
            sites.forEach(site -> squares.put(site.name() + SQUARES, squares(base, site)));
        }
        ParameterBlock block = builder.build();
        try {
            squares.forEach((name, values) -> block.get(name).set(values));
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
        return block;
    }

    private static float[] squares(Adaptable base, LinearSite site) {
        float[] squares = base.rowSquares(site);
        for (int o = 0; o < squares.length; o++) {
            // A row of zeros has a length all the same, so that nothing is divided by 0.
            squares[o] = Math.max(squares[o], Float.MIN_NORMAL);
        }
        return squares;
    }

    /** E r. */
    private static long width(AdapterConfig config, LinearSite site) {
        return (long) config.experts(site) * config.rank(site);
    }

    /** This adapter on a {@link Device#rehearsal}, with the same values and with gradients of its own. */
    public Adapter on(Device rehearsal) {
        try (Lifetime.Use use = lifetime.enter()) {
            // Where experts came from does not matter to a rehearsal.
            Adapter copy = new Adapter(
                    config, block.on(rehearsal), constants.on(rehearsal), sites(), base, baseSource, fanInFanOut);
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
        return block.device();
    }

    /** All parameters: values, and gradients in training. */
    public ParameterBlock parameters() {
        return block;
    }

    /** Whether a parameter of this adapter is its gates': not A, B, a core or a magnitude of DoRA. */
    public boolean isRouter(Parameter parameter) {
        String name = parameter.name();
        return !name.endsWith(".lora_A")
                && !name.endsWith(".lora_B")
                && !name.endsWith(ExpertSpace.CORES)
                && !name.endsWith(MAGNITUDE);
    }

    /** What this adapter is on disk, learned or not, by its name in memory. */
    Parameter tensor(String name) {
        return constants.has(name) ? constants.get(name) : block.get(name);
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
        block.parameters().forEach(each -> copy(other.block.get(each.name()), each));
        origins = other.origins;
        prompts = other.prompts;
        constants.parameters().forEach(each -> copy(other.constants.get(each.name()), each));
    }

    private static void copy(Parameter from, Parameter to) {
        Pieces.each(to.shape().size(), (at, values) -> {
            from.read(at, values);
            to.write(at, values);
        });
    }

    /** Number of trainable parameters. */
    public long parameterCount() {
        return block.count();
    }

    /** Where each expert came from, if they were trained apart; empty if they were not. */
    public List<String> origins() {
        return origins;
    }

    /** The adapter that learned before this one and answers the prompts that are nearer to its own; null if this one answers all. */
    public @Nullable Adapter older() {
        return older;
    }

    /** This adapter and those before it, newest first. */
    private List<Adapter> chain() {
        List<Adapter> chain = new ArrayList<>();
        for (Adapter each = this; each != null; each = each.older) {
            chain.add(each);
        }
        return chain;
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
        float[] chosen = pass.keptOnHost("generation", () -> {
            List<Adapter> chain = chain();
            var embeddings = KnownPrompts.embeddings(
                    pass.sumsOfPrompts(tape, x), x.shape().cols());
            float[] generations = new float[embeddings.size()];
            for (int row = 0; row < generations.length; row++) {
                generations[row] = nearest(chain, embeddings.get(row));
            }
            return generations;
        });
        int[] ofRows = new int[chosen.length];
        for (int row = 0; row < ofRows.length; row++) {
            ofRows[row] = (int) chosen[row];
        }
        return pass.answeredBy(ofRows);
    }

    private static int nearest(List<Adapter> chain, float @Nullable [] prompt) {
        int best = chain.size() - 1;
        if (prompt == null) {
            return best;
        }
        double least = Double.POSITIVE_INFINITY;
        for (int generation = chain.size() - 1; generation >= 0; generation--) {
            KnownPrompts known = chain.get(generation).prompts;
            double distance = known == null ? Double.POSITIVE_INFINITY : known.distance(prompt);
            if (distance < least) {
                least = distance;
                best = generation;
            }
        }
        return best;
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
        AdapterLayer.Magnitudes magnitudes = layer == null ? null : layer.magnitudes();
        return magnitudes == null ? null : magnitudes.m().toArray();
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
        if (older == null) {
            AdapterLayer layer = layers.get(module);
            return layer == null ? Linear.apply(tape, x, weight, bias) : layer.apply(tape, pass, x, weight, bias);
        }
        int[] generations = pass.generations();
        List<Adapter> chain = chain();
        if (generations.length == 1) {
            AdapterLayer layer = chain.get(generations[0]).layers.get(module);
            return layer == null
                    ? Linear.apply(tape, x, weight, bias)
                    : layer.apply(tape, pass.of(generations[0]), x, weight, bias);
        }
        Tensor y = Linear.apply(tape, x, weight, bias);
        for (int generation : generations) {
            AdapterLayer layer = chain.get(generation).layers.get(module);
            if (layer != null) {
                y = layer.update(tape, pass.of(generation), x, y, true);
            }
        }
        return y;
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
