package org.moelora.adapter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * One forward pass as the layers of an adapter see it: whether it is of training, which rows it is over, and where their losses go. Used by one thread, once.
 *
 * <pre>{@code
 * AdapterPass pass = AdapterPass.training(losses, seed, microBatchIndex).withRows(batch.layout());
 * Tensor hidden = model.hidden(tape, pass, batch.ids(), batch.starts());
 * Tensor balance = pass.balance(tape); // mean of L_bal over the routers that hidden came through
 * }</pre>
 */
public final class AdapterPass {
    private final boolean training;
    private final RandomDraws draws;

    // What follows is set before a pass is handed out, and not changed then.
    private LossTerms terms;
    private Map<String, Routing> decisions = new HashMap<>();
    private @Nullable RoutingObserver observer;
    private @Nullable OutputWatcher watcher;
    private @Nullable RowLayout rows;
    private @Nullable Kept kept;
    private RouterStatistics.@Nullable Calibration calibration;
    private RouterPhase phase = RouterPhase.FINAL;
    private Generations generations = Generations.NEWEST;

    private AdapterPass(boolean training, LossSettings losses, RandomDraws draws) {
        this.training = training;
        this.draws = draws;
        terms = LossTerms.of(losses, draws);
    }

    /** A pass that differs from another in what is set next. */
    private AdapterPass(AdapterPass like) {
        training = like.training;
        draws = like.draws;
        terms = like.terms;
        decisions = like.decisions;
        observer = like.observer;
        watcher = like.watcher;
        rows = like.rows;
        kept = like.kept;
        calibration = like.calibration;
        phase = like.phase;
        generations = like.generations;
    }

    /** No dropout, no losses. */
    public static AdapterPass inference() {
        return new AdapterPass(false, LossSettings.NONE, new RandomDraws(0, 0));
    }

    /** Inference that reports every layer's routing. */
    public static AdapterPass observed(RoutingObserver observer) {
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
            LossSettings losses, long seed, long microBatchIndex, @Nullable OutputWatcher watcher) {
        AdapterPass pass = new AdapterPass(true, losses, new RandomDraws(seed, microBatchIndex));
        pass.watcher = watcher;
        return pass;
    }

    /** No dropout, no losses, and features of rows instead of routing. */
    static AdapterPass calibrating(RouterStatistics.Calibration calibration) {
        AdapterPass pass = inference();
        pass.calibration = calibration;
        return pass;
    }

    /** This pass over rows whose tasks and prompts are known, for gates that depend on them. */
    public AdapterPass withRows(RowLayout of) {
        AdapterPass pass = new AdapterPass(this);
        pass.rows = of;
        return pass;
    }

    /**
     * This pass over rows of which nothing else is said.
     *
     * @param task of all of them, or null if each row has its own
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
        return withRows(
                rows == null ? RowLayout.ofPrompts(tasks, starts) : new RowLayout(tasks, starts, rows.prompts()));
    }

    /** This pass with routers that choose so. */
    public AdapterPass in(RouterPhase now) {
        AdapterPass pass = new AdapterPass(this);
        pass.phase = now;
        return pass;
    }

    /** This pass with routers of prompts that learn from the names of the rows' tasks, if the losses have a weight for that. */
    public AdapterPass teaching(TaskHeads.Lesson lesson) {
        AdapterPass pass = new AdapterPass(this);
        pass.terms = terms.with(lesson);
        return pass;
    }

    /** A pass like this one in which nothing is decided yet. */
    AdapterPass again() {
        AdapterPass pass = new AdapterPass(this);
        pass.decisions = new HashMap<>();
        return pass;
    }

    /** This pass with what others before it have kept, and keeping more; for inference. */
    public AdapterPass keeping(Kept values) {
        AdapterPass pass = new AdapterPass(this);
        pass.kept = values;
        return pass;
    }

    /**
     * A layer as a {@link Tape#checkpointed checkpointed block}; losses of the linears in it leave it beside its output.
     *
     * @param body makes the layer's output on the tape and in the pass that it is given
     * @param reads what it uses of the tape
     */
    public Tensor checkpointed(Tape tape, String name, BiFunction<Tape, AdapterPass, Tensor> body, Tensor... reads) {
        LossTerms[] ofBlock = {terms};
        List<Tensor> results = tape.checkpointed(
                name,
                part -> {
                    AdapterPass pass = new AdapterPass(this);
                    pass.terms = terms.ofBlock();
                    pass.decisions = new HashMap<>();
                    List<Tensor> all = new ArrayList<>();
                    all.add(body.apply(part, pass));
                    all.addAll(pass.terms.tensors());
                    ofBlock[0] = pass.terms;
                    return all;
                },
                reads);
        terms.addAll(ofBlock[0]);
        return results.getFirst();
    }

    /** Tells the watcher, if there is one, what a module put out. */
    public void saw(String module, Tensor out) {
        if (watcher != null) {
            watcher.saw(module, out);
        }
    }

    /** The mean of L_bal over routers, [1]; null if no layer added to it. */
    public @Nullable Tensor balance(Tape tape) {
        return terms.balance(tape);
    }

    /** The mean of L_con over linears, [1]; null if no layer added to it. */
    public @Nullable Tensor contrast(Tape tape) {
        return terms.contrast(tape);
    }

    /** The mean of L_task over routers, [1]; null if none learns from the names of tasks, or no row has one. */
    public @Nullable Tensor task(Tape tape) {
        return terms.task(tape);
    }

    /** Sums of p over the rows of each task, [A, E], by the name of the linear that has the router; for {@link TaskHeads#learn}. */
    public Map<String, double[]> taskShares() {
        return terms.taskShares();
    }

    /** How many tokens chose each expert, by the name of the linear that has the router; counted for {@link LossSettings.Balance#BIAS} alone. */
    public Map<String, int[]> loads() {
        return terms.loads();
    }

    /** For each row how many adapters learned after the one that answers it. */
    public int[] generationsOfRows() {
        return generations.ofRows(Objects.requireNonNull(rows).count());
    }

    /** Whether the choice among the adapters of a grown one is still to be made: not while the newest learns or is measured. */
    boolean choosesAdapter() {
        return !training && calibration == null && !generations.areChosen();
    }

    /** This pass with the adapters that answer its rows. */
    AdapterPass answeredBy(int[] ofRows) {
        return with(new Generations(ofRows, 0));
    }

    /** This pass as the layers of one of the adapters see it; only the newest one's routing is observed. */
    AdapterPass of(int generation) {
        return with(generations.at(generation));
    }

    private AdapterPass with(Generations now) {
        AdapterPass pass = new AdapterPass(this);
        pass.generations = now;
        if (now.here() != 0) {
            pass.observer = null;
        }
        return pass;
    }

    /** The adapters that answer the rows of this pass, newest first. */
    int[] generations() {
        return generations.answering();
    }

    /** 1 for tokens of rows that the adapter here answers, else 0: [T, columns]. */
    Tensor answered(Tape tape, int columns) {
        return generations.mask(tape, Objects.requireNonNull(rows), columns);
    }

    /** The sum over each row's prompt, on the host: [R, n]. */
    float[] sumsOfPrompts(Tape tape, Tensor x) {
        return Objects.requireNonNull(rows).sumsOfPrompts(tape, x).toArray();
    }

    void measurePrompts(Tape tape, Tensor x) {
        if (calibration != null) {
            calibration.embedded(sumsOfPrompts(tape, x), x.shape().cols());
        }
    }

    RouterPhase phase() {
        return phase;
    }

    /** What {@code compute} gives, or what it gave under that name in a pass before. */
    Tensor kept(Tape tape, String name, Supplier<Tensor> compute) {
        return kept == null || tape.isRecording()
                ? compute.get()
                : kept.of(tape, generations.here() + ":" + name, compute);
    }

    /** Numbers on the host that {@code compute} gives, or gave under that name in a pass before. */
    float[] keptOnHost(String name, Supplier<float[]> compute) {
        return kept == null ? compute.get() : kept.onHost(name, compute);
    }

    /** What a function says of each token's task, which is null where none is known. */
    int[] perToken(int tokens, ToIntFunction<@Nullable String> ofTask) {
        return over(null, new int[] {0, tokens}).rowsOf().perToken(ofTask);
    }

    private RowLayout rowsOf() {
        return Objects.requireNonNull(rows, "a router of prompts needs to know the rows");
    }

    /**
     * What the prompts of the rows are to a linear's router; see {@link Router.Prompt}.
     *
     * @param x the linear's input [T, in]
     * @param scale [in]
     * @param centre [in]
     */
    RouterInput ofPrompts(Tape tape, String module, Tensor x, Tensor scale, Tensor centre) {
        RowLayout of = rowsOf();
        return RouterInput.ofRows(
                this,
                module,
                () -> {
                    Tensor h = of.sumsOfPrompts(tape, x);
                    if (calibration != null) {
                        calibration.pooled(module, PromptFeatures.normalised(tape, h));
                    }
                    return PromptFeatures.apply(tape, h, of.prompts(), scale, centre);
                },
                tape.ints(of.rowOfTokens()));
    }

    /** x with some features dropped, in training; x itself otherwise. */
    Tensor dropout(Tape tape, String module, Tensor x, double rate) {
        return training ? draws.dropout(tape, module, x, rate) : x;
    }

    /**
     * What a router decides, or decided for another linear that reads the same input.
     *
     * @param router the name of the linear that has it
     */
    Routing decided(String router, Supplier<Routing> decide) {
        return decisions.computeIfAbsent(generations.here() + ":" + router, unknown -> decide.get());
    }

    /** A linear has routed its tokens: its losses are added, and an observer hears of it. */
    void routed(Tape tape, RoutedLinear linear) {
        if (observer != null) {
            observer.routed(linear.module(), linear.u(), linear.b(), linear.routing());
        }
        terms.add(tape, linear, rows);
    }
}
