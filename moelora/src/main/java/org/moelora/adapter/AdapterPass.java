package org.moelora.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.BalanceLoss;
import org.moelora.engine.ops.ContrastiveLoss;
import org.moelora.engine.ops.Dropout;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.MutualInformationLoss;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.SumOfTokens;
import org.moelora.engine.ops.TokenContrastiveLoss;
import org.moelora.engine.ops.TopK;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.engine.random.RandomStream;

/**
 * One forward pass as the adapter's layers see it: what they draw random numbers from, and where their losses go. Used by one thread, once.
 */
public final class AdapterPass {
    /** Sees how a layer routed its tokens. */
    @FunctionalInterface
    public interface Observer {
        /**
         * @param module the linear's name
         * @param u [T, E r], {@code x A^T}
         * @param b [out, E r]
         * @param routing gates and selected experts of every token
         */
        void routed(String module, Tensor u, Tensor b, Routing routing);
    }

    /** Sees what every module puts out, as it comes. */
    @FunctionalInterface
    public interface Watcher {
        /**
         * @param module its name in the checkpoint, such as {@code model.layers.3.self_attn.q_proj}
         * @param out its output, adapter included; valid during the call only
         */
        void saw(String module, Tensor out);
    }

    /** Keeps the sum over an empty prompt from being divided by its root mean square, 0. */
    private static final float TINY = 1e-12f;

    private final @Nullable LossSettings losses;
    private final long seed;
    private final long microBatchIndex;

    // What follows is set before a pass is handed out, and not changed then.
    private @Nullable Observer observer;
    private @Nullable Watcher watcher;
    private @Nullable Rows rows;
    private @Nullable Kept kept;
    private @Nullable Calibration calibration;
    private RouterPhase phase = RouterPhase.FINAL;
    private TaskHeads.@Nullable Lesson lesson;
    private Generations generations = Generations.NEWEST;
    private Gathered gathered = new Gathered();

    /**
     * What layers leave beside their outputs.
     *
     * @param loads how many tokens chose each expert, by the name of the linear that has the router
     * @param taskShares sums of p over the rows of each task, by that name
     * @param decisions what routers decided, by generation and that name
     */
    private record Gathered(
            List<Tensor> balance,
            List<Tensor> contrast,
            List<Tensor> task,
            Map<String, int[]> loads,
            Map<String, double[]> taskShares,
            Map<String, Routing> decisions) {
        private Gathered() {
            this(new LinkedHashMap<>(), new LinkedHashMap<>());
        }

        private Gathered(Map<String, int[]> loads, Map<String, double[]> taskShares) {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), loads, taskShares, new HashMap<>());
        }

        /** Other losses and decisions, and the same counts: a layer that is recomputed counts what it counted. */
        private Gathered ofCheckpointedBlock() {
            return new Gathered(loads, taskShares);
        }
    }

    /** Sees the features of rows before their statistics are known. */
    interface Calibration {
        /**
         * @param module the linear's name
         * @param h [R, in], the sum of its input over each row's prompt, of root mean square 1
         */
        void pooled(String module, Tensor h);

        /**
         * @param sums [R, hidden], the sum of the tokens' embeddings over each row's prompt
         */
        void embedded(float[] sums, int hidden);
    }

    /**
     * The rows whose tokens a pass sees.
     *
     * @param tasks each row's, null for a row without one
     * @param starts [rows + 1] first token of each row, and T
     * @param prompts how many tokens each row's prompt has, the first of the row; may be 0
     */
    public record Rows(List<@Nullable String> tasks, int[] starts, int[] prompts) {
        /**
         * @throws IllegalArgumentException if the three are not of as many rows
         */
        public Rows {
            if (starts.length != prompts.length + 1 || tasks.size() != prompts.length) {
                throw new IllegalArgumentException(tasks.size() + " tasks, " + starts.length + " starts and "
                        + prompts.length + " prompts; expected as many tasks as prompts, and one start more");
            }
        }

        /** Rows that are nothing but prompts. */
        public static Rows ofPrompts(List<@Nullable String> tasks, int[] starts) {
            int[] prompts = new int[starts.length - 1];
            Arrays.setAll(prompts, r -> starts[r + 1] - starts[r]);
            return new Rows(tasks, starts, prompts);
        }

        /** The row of each of T tokens. */
        private int[] ofTokens() {
            int[] rowOf = new int[starts[starts.length - 1]];
            for (int row = 0; row + 1 < starts.length; row++) {
                Arrays.fill(rowOf, starts[row], starts[row + 1], row);
            }
            return rowOf;
        }
    }

    private AdapterPass(@Nullable LossSettings losses, long seed, long microBatchIndex) {
        this.losses = losses;
        this.seed = seed;
        this.microBatchIndex = microBatchIndex;
    }

    /** A pass that differs from another in what is set next. */
    private AdapterPass(AdapterPass like) {
        this(like.losses, like.seed, like.microBatchIndex);
        observer = like.observer;
        watcher = like.watcher;
        rows = like.rows;
        kept = like.kept;
        calibration = like.calibration;
        phase = like.phase;
        lesson = like.lesson;
        generations = like.generations;
        gathered = like.gathered;
    }

    /** No dropout, no losses. */
    public static AdapterPass inference() {
        return new AdapterPass(null, 0, 0);
    }

    /** Inference that reports every layer's routing. */
    public static AdapterPass observed(Observer observer) {
        AdapterPass pass = inference();
        pass.observer = observer;
        return pass;
    }

    /**
     * Dropout and the losses whose weight is not 0.
     *
     * @param microBatchIndex of this forward pass in the run, from 0: each draws its own random numbers
     */
    public static AdapterPass training(LossSettings losses, long seed, long microBatchIndex) {
        return training(losses, seed, microBatchIndex, null);
    }

    /**
     * The same, watched.
     *
     * @param watcher null for none
     */
    public static AdapterPass training(
            LossSettings losses, long seed, long microBatchIndex, @Nullable Watcher watcher) {
        AdapterPass pass = new AdapterPass(losses, seed, microBatchIndex);
        pass.watcher = watcher;
        return pass;
    }

    /** No dropout, no losses, and features of rows instead of routing. */
    static AdapterPass calibrating(Calibration calibration) {
        AdapterPass pass = inference();
        pass.calibration = calibration;
        return pass;
    }

    /** This pass over rows whose tasks and prompts are known, for gates that depend on them. */
    public AdapterPass withRows(Rows of) {
        AdapterPass pass = new AdapterPass(this);
        pass.rows = of;
        return pass;
    }

    /** This pass with routers that choose so. */
    public AdapterPass in(RouterPhase now) {
        AdapterPass pass = new AdapterPass(this);
        pass.phase = now;
        return pass;
    }

    /** This pass with routers of prompts that learn from the names of the rows' tasks, if the losses have a weight for that. */
    public AdapterPass teaching(TaskHeads.Lesson now) {
        AdapterPass pass = new AdapterPass(this);
        pass.lesson = now;
        return pass;
    }

    /**
     * Which adapter of a grown one is at work.
     *
     * @param ofRows for each row how many adapters learned after the one that answers it; null if the newest answers all
     * @param here the adapter whose layers see this pass
     */
    private record Generations(int @Nullable [] ofRows, int here) {
        private static final Generations NEWEST = new Generations(null, 0);
    }

    /** Whether the choice among the adapters of a grown one is still to be made: not while the newest learns or is measured. */
    boolean choosesAdapter() {
        return losses == null && calibration == null && generations.ofRows == null;
    }

    /** This pass with the adapters that answer its rows. */
    AdapterPass answeredBy(int[] ofRows) {
        return in(new Generations(ofRows, 0));
    }

    /** This pass as the layers of one of the adapters see it; only the newest one's routing is observed. */
    AdapterPass of(int generation) {
        return in(new Generations(generations.ofRows, generation));
    }

    private AdapterPass in(Generations now) {
        AdapterPass pass = new AdapterPass(this);
        pass.generations = now;
        if (now.here != 0) {
            pass.observer = null;
        }
        return pass;
    }

    /** For each row how many adapters learned after the one that answers it. */
    public int[] generationsOfRows() {
        return generations.ofRows == null
                ? new int[Objects.requireNonNull(rows).prompts.length]
                : generations.ofRows.clone();
    }

    /** The adapters that answer the rows of this pass, newest first. */
    int[] generations() {
        return generations.ofRows == null
                ? new int[] {0}
                : Arrays.stream(generations.ofRows).distinct().sorted().toArray();
    }

    /** 1 for tokens of rows that the adapter here answers, else 0: [T, columns]. */
    Tensor answered(Tape tape, int columns) {
        Rows of = Objects.requireNonNull(rows);
        int[] ofRows = Objects.requireNonNull(generations.ofRows);
        float[] mask = new float[of.starts[of.starts.length - 1] * columns];
        for (int row = 0; row < ofRows.length; row++) {
            Arrays.fill(
                    mask,
                    of.starts[row] * columns,
                    of.starts[row + 1] * columns,
                    ofRows[row] == generations.here ? 1 : 0);
        }
        return tape.constant(mask, mask.length / columns, columns);
    }

    /** The sum over each row's prompt, on the host: [R, n]. */
    float[] sumsOfPrompts(Tape tape, Tensor x) {
        Rows of = Objects.requireNonNull(rows);
        return SumOfTokens.apply(tape, x, of.starts, of.prompts).toArray();
    }

    void measurePrompts(Tape tape, Tensor x) {
        if (calibration != null) {
            calibration.embedded(sumsOfPrompts(tape, x), x.shape().cols());
        }
    }

    /** Numbers on the host that {@code compute} gives, or gave under that name in a pass before. */
    float[] keptOnHost(String name, Supplier<float[]> compute) {
        return kept == null ? compute.get() : kept.onHost(name, compute);
    }

    RouterPhase phase() {
        return phase;
    }

    /**
     * This pass over rows of which nothing else is said.
     *
     * @param task of all of them, or null for what was said of each
     * @param starts [rows + 1] first token of each row, and T
     */
    public AdapterPass over(@Nullable String task, int[] starts) {
        if (task == null && rows != null) {
            return this;
        }
        List<@Nullable String> tasks = new ArrayList<>();
        for (int row = 0; row + 1 < starts.length; row++) {
            tasks.add(task);
        }
        return withRows(rows == null ? Rows.ofPrompts(tasks, starts) : new Rows(tasks, starts, rows.prompts));
    }

    /** This pass with what others before it have kept, and keeping more; for inference. */
    public AdapterPass keeping(Kept values) {
        AdapterPass pass = new AdapterPass(this);
        pass.kept = values;
        return pass;
    }

    /** What {@code compute} gives, or what it gave under that name in a pass before. */
    Tensor kept(Tape tape, String name, Supplier<Tensor> compute) {
        return kept == null || tape.isRecording()
                ? compute.get()
                : kept.of(tape, generations.here + ":" + name, compute);
    }

    /** What a function says of each token's task, which is null where none is known. */
    int[] perToken(int tokens, ToIntFunction<@Nullable String> ofTask) {
        int[] values = new int[tokens];
        int[] starts = rows == null ? new int[] {0, tokens} : rows.starts;
        for (int row = 0; row + 1 < starts.length; row++) {
            Arrays.fill(
                    values, starts[row], starts[row + 1], ofTask.applyAsInt(rows == null ? null : rows.tasks.get(row)));
        }
        return values;
    }

    /**
     * What the prompts of the rows are to a linear's router; see {@link Router.Prompt}.
     *
     * @param x the linear's input [T, in]
     * @param scale [in]
     * @param centre [in]
     */
    RouterInput ofPrompts(Tape tape, String module, Tensor x, Tensor scale, Tensor centre) {
        Rows of = Objects.requireNonNull(rows, "a router of prompts needs to know the rows");
        return RouterInput.ofRows(
                this, module, () -> features(tape, module, of, x, scale, centre), tape.ints(of.ofTokens()));
    }

    private Tensor features(Tape tape, String module, Rows of, Tensor x, Tensor scale, Tensor centre) {
        int width = x.shape().cols();
        Tensor h = SumOfTokens.apply(tape, x, of.starts, of.prompts);
        if (calibration != null) {
            float[] ones = new float[width];
            Arrays.fill(ones, 1);
            calibration.pooled(module, RmsNorm.apply(tape, h, tape.constant(ones, width), TINY));
        }
        int count = of.prompts.length;
        Tensor f = WeightedSum.apply(
                tape,
                new Tensor[] {
                    RmsNorm.apply(tape, h, scale, TINY), Embedding.gather(tape, tape.ints(new int[count]), centre)
                },
                new float[] {1, -1});
        if (Arrays.stream(of.prompts).allMatch(length -> length > 0)) {
            return f;
        }
        float[] has = new float[count * width];
        for (int row = 0; row < count; row++) {
            Arrays.fill(has, row * width, (row + 1) * width, of.prompts[row] > 0 ? 1 : 0);
        }
        return Multiply.apply(tape, f, tape.constant(has, count, width));
    }

    /** Tells the watcher, if there is one, what a module put out. */
    public void saw(String module, Tensor out) {
        if (watcher != null) {
            watcher.saw(module, out);
        }
    }

    /**
     * A layer as a {@link Tape#checkpointed checkpointed block}; losses of the linears in it leave it beside its output.
     *
     * @param body makes the layer's output on the tape and in the pass that it is given
     * @param reads what it uses of the tape
     */
    public Tensor checkpointed(Tape tape, String name, BiFunction<Tape, AdapterPass, Tensor> body, Tensor... reads) {
        int[] contrasts = {0};
        int[] tasks = {0};
        List<Tensor> results = tape.checkpointed(
                name,
                part -> {
                    AdapterPass pass = new AdapterPass(this);
                    pass.gathered = gathered.ofCheckpointedBlock();
                    Tensor y = body.apply(part, pass);
                    contrasts[0] = 1 + pass.gathered.balance.size();
                    tasks[0] = contrasts[0] + pass.gathered.contrast.size();
                    return Stream.of(List.of(y), pass.gathered.balance, pass.gathered.contrast, pass.gathered.task)
                            .flatMap(List::stream)
                            .toList();
                },
                reads);
        gathered.balance.addAll(results.subList(1, contrasts[0]));
        gathered.contrast.addAll(results.subList(contrasts[0], tasks[0]));
        gathered.task.addAll(results.subList(tasks[0], results.size()));
        return results.getFirst();
    }

    /** x with some features dropped, in training; x itself otherwise. */
    Tensor dropout(Tape tape, String module, Tensor x, double rate) {
        if (losses == null || rate == 0) {
            return x;
        }
        return Dropout.apply(
                tape,
                x,
                (float) rate,
                RandomStream.of(seed, microBatchIndex, module + "/dropout").key());
    }

    /**
     * What a router decides, or decided for another linear that reads the same input.
     *
     * @param router the name of the linear that has it
     */
    Routing decided(String router, Supplier<Routing> decide) {
        return gathered.decisions.computeIfAbsent(generations.here + ":" + router, unknown -> decide.get());
    }

    /**
     * @param router the name of the linear that has the router: what is about choices alone counts once for each of them
     * @param ofB makes b [out, E r], if it is asked for
     */
    void routed(Tape tape, String module, String router, Tensor u, Supplier<Tensor> ofB, Routing routing) {
        if (observer != null) {
            observer.routed(module, u, ofB.get(), routing);
        }
        Tensor selected = routing.selected();
        if (losses == null) {
            return;
        }
        boolean owns = router.equals(module);
        if (owns && losses.balanceWeight() > 0 && losses.balance() == LossSettings.Balance.MUTUAL_INFORMATION) {
            gathered.balance.add(MutualInformationLoss.apply(tape, routing.p()));
        }
        if (losses.contrastWeight() > 0 && losses.contrast() == LossSettings.Contrast.GATED) {
            gathered.contrast.add(gated(tape, losses, module, u, ofB.get(), routing));
        }
        if (owns && losses.taskWeight() > 0 && lesson != null) {
            Tensor task = lesson.loss(tape, router, routing.p(), Objects.requireNonNull(rows), gathered.taskShares);
            if (task != null) {
                gathered.task.add(task);
            }
        }
        if (selected == null) {
            return;
        }
        if (owns && losses.balanceWeight() > 0 && losses.balance() == LossSettings.Balance.SWITCH) {
            gathered.balance.add(BalanceLoss.apply(tape, routing.p(), selected));
        }
        if (owns && losses.balance() == LossSettings.Balance.BIAS) {
            int[] load = new int[routing.p().shape().cols()];
            for (int expert : selected.toIntArray()) {
                load[expert]++;
            }
            gathered.loads.put(module, load);
        }
        if (losses.contrastWeight() > 0 && losses.contrast() == LossSettings.Contrast.SUPERVISED) {
            gathered.contrast.add(supervised(tape, losses, module, u, ofB.get(), null, routing.p(), selected));
        }
        if (losses.contrastWeight() > 0 && losses.contrast() == LossSettings.Contrast.TOKEN) {
            gathered.contrast.add(withinTokens(tape, losses, module, u, ofB.get(), routing.p(), selected));
        }
    }

    /** Over all pairs, or a sample of them, that count the same or as much as their gates. */
    private Tensor supervised(
            Tape tape,
            LossSettings settings,
            String module,
            Tensor u,
            Tensor b,
            @Nullable Tensor gate,
            Tensor p,
            Tensor selected) {
        int all = Math.toIntExact(selected.shape().size());
        int[] sample = all <= settings.maxPairs() ? null : sample(module + "/pairs", all, settings.maxPairs());
        return ContrastiveLoss.apply(
                tape, u, b, gate, selected, p.shape().cols(), (float) settings.contrastTemperature(), sample);
    }

    /** Over the selected pairs, or over those of all experts where a gate does not select. */
    private Tensor gated(Tape tape, LossSettings settings, String module, Tensor u, Tensor b, Routing routing) {
        Tensor p = routing.p();
        Tensor selected = routing.selected();
        if (selected == null) {
            selected = TopK.apply(tape, p, p.shape().cols(), true).selected();
        }
        return supervised(tape, settings, module, u, b, routing.gate(), p, selected);
    }

    /** Over all tokens, or so many of them that their selected pairs are at most maxPairs. */
    private Tensor withinTokens(
            Tape tape, LossSettings settings, String module, Tensor u, Tensor b, Tensor p, Tensor selected) {
        int experts = p.shape().cols();
        int tokens = selected.shape().rows();
        int k = selected.shape().cols();
        int most = Math.max(1, settings.maxPairs() / k);
        float temperature = (float) settings.contrastTemperature();
        if (tokens <= most) {
            return TokenContrastiveLoss.apply(tape, u, b, selected, experts, temperature);
        }
        Tensor sample = tape.ints(sample(module + "/tokens", tokens, most));
        // The choice depends on p alone, so it comes out as it did for all tokens.
        Tensor chosen =
                TopK.apply(tape, Embedding.gather(tape, sample, p), k, true).selected();
        return TokenContrastiveLoss.apply(tape, Embedding.gather(tape, sample, u), b, chosen, experts, temperature);
    }

    private int[] sample(String stream, int of, int count) {
        return RandomStream.of(seed, microBatchIndex, stream).sampleWithoutReplacement(of, count);
    }

    /** The mean of L_bal over routers, [1]; null if no layer added to it. */
    public @Nullable Tensor balance(Tape tape) {
        return mean(tape, gathered.balance);
    }

    /** The mean of L_con over modules, [1]; null if no layer added to it. */
    public @Nullable Tensor contrast(Tape tape) {
        return mean(tape, gathered.contrast);
    }

    /** The mean of L_task over routers, [1]; null if none learns from the names of tasks, or no row has one. */
    public @Nullable Tensor task(Tape tape) {
        return mean(tape, gathered.task);
    }

    /** Sums of p over the rows of each task, [A, E], by the name of the linear that has the router; for {@link TaskHeads#learn}. */
    public Map<String, double[]> taskShares() {
        return gathered.taskShares;
    }

    /** How many tokens chose each expert, by the name of the linear that has the router; counted for {@link LossSettings.Balance#BIAS} alone. */
    public Map<String, int[]> loads() {
        return gathered.loads;
    }

    private static @Nullable Tensor mean(Tape tape, List<Tensor> terms) {
        if (terms.isEmpty()) {
            return null;
        }
        float[] weights = new float[terms.size()];
        Arrays.fill(weights, 1f / terms.size());
        return WeightedSum.apply(tape, terms.toArray(Tensor[]::new), weights);
    }
}
