package org.moelora.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

    private final @Nullable LossSettings losses;
    private final long seed;
    private final long draw;
    private final @Nullable Observer observer;
    private final @Nullable Watcher watcher;
    private final @Nullable Tasks tasks;
    private final @Nullable RowFactors kept;
    private final List<Tensor> balance;
    private final List<Tensor> contrast;

    /**
     * @param names of each row's task
     * @param starts [rows + 1] first token of each row; null if all tokens are of the first
     */
    private record Tasks(List<@Nullable String> names, int @Nullable [] starts) {}

    private AdapterPass(
            @Nullable LossSettings losses,
            long seed,
            long draw,
            @Nullable Observer observer,
            @Nullable Watcher watcher) {
        this(losses, seed, draw, observer, watcher, null, null, new ArrayList<>(), new ArrayList<>());
    }

    private AdapterPass(
            @Nullable LossSettings losses,
            long seed,
            long draw,
            @Nullable Observer observer,
            @Nullable Watcher watcher,
            @Nullable Tasks tasks,
            @Nullable RowFactors kept,
            List<Tensor> balance,
            List<Tensor> contrast) {
        this.losses = losses;
        this.seed = seed;
        this.draw = draw;
        this.observer = observer;
        this.watcher = watcher;
        this.tasks = tasks;
        this.kept = kept;
        this.balance = balance;
        this.contrast = contrast;
    }

    /** No dropout, no losses. */
    public static AdapterPass inference() {
        return new AdapterPass(null, 0, 0, null, null);
    }

    /** Inference that reports every layer's routing. */
    public static AdapterPass observed(Observer observer) {
        return new AdapterPass(null, 0, 0, observer, null);
    }

    /**
     * Dropout and the losses whose weight is not 0.
     *
     * @param draw different for every forward pass of a run, so that each draws other numbers
     */
    public static AdapterPass training(LossSettings losses, long seed, long draw) {
        return training(losses, seed, draw, null);
    }

    /**
     * The same, watched.
     *
     * @param watcher null for none
     */
    public static AdapterPass training(LossSettings losses, long seed, long draw, @Nullable Watcher watcher) {
        return new AdapterPass(losses, seed, draw, null, watcher);
    }

    /**
     * This pass over rows whose tasks are known, for gates that depend on them.
     *
     * @param names each row's, null for a row without one
     * @param starts [rows + 1] first token of each row, and T
     */
    public AdapterPass withTasks(List<@Nullable String> names, int[] starts) {
        return new AdapterPass(
                losses, seed, draw, observer, watcher, new Tasks(names, starts), kept, balance, contrast);
    }

    /** This pass over rows of one task. */
    public AdapterPass withTask(String name) {
        return new AdapterPass(
                losses, seed, draw, observer, watcher, new Tasks(List.of(name), null), kept, balance, contrast);
    }

    /** This pass with what others before it have kept, and keeping more; for inference. */
    public AdapterPass keeping(RowFactors factors) {
        return new AdapterPass(losses, seed, draw, observer, watcher, tasks, factors, balance, contrast);
    }

    /** What {@code compute} gives for a linear, or what it gave in a pass before. */
    Tensor rowFactors(Tape tape, String module, Supplier<Tensor> compute) {
        return kept == null || tape.isRecording() ? compute.get() : kept.of(tape, module, compute);
    }

    /** What a function says of each token's task, which is null where none is known. */
    int[] perToken(int tokens, ToIntFunction<@Nullable String> ofTask) {
        int[] values = new int[tokens];
        int[] starts = tasks == null || tasks.starts == null ? new int[] {0, tokens} : tasks.starts;
        for (int row = 0; row + 1 < starts.length; row++) {
            String name = tasks == null ? null : tasks.names.get(row);
            Arrays.fill(values, starts[row], starts[row + 1], ofTask.applyAsInt(name));
        }
        return values;
    }

    /** Tells the watcher, if there is one, what a module put out. */
    public void saw(String module, Tensor out) {
        if (watcher != null) {
            watcher.saw(module, out);
        }
    }

    /**
     * A layer as a {@link Tape#segment}; losses of the linears in it leave it beside its output.
     *
     * @param body makes the layer's output on the tape and in the pass that it is given
     * @param reads what it uses of the tape
     */
    public Tensor segment(Tape tape, String name, BiFunction<Tape, AdapterPass, Tensor> body, Tensor... reads) {
        int[] balances = {0};
        List<Tensor> results = tape.segment(
                name,
                part -> {
                    AdapterPass pass = new AdapterPass(
                            losses, seed, draw, observer, watcher, tasks, kept, new ArrayList<>(), new ArrayList<>());
                    Tensor y = body.apply(part, pass);
                    balances[0] = pass.balance.size();
                    return Stream.of(List.of(y), pass.balance, pass.contrast)
                            .flatMap(List::stream)
                            .toList();
                },
                reads);
        balance.addAll(results.subList(1, 1 + balances[0]));
        contrast.addAll(results.subList(1 + balances[0], results.size()));
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
                RandomStream.of(seed, draw, module + "/dropout").key());
    }

    void routed(Tape tape, String module, Tensor u, Tensor b, Routing routing) {
        if (observer != null) {
            observer.routed(module, u, b, routing);
        }
        Tensor selected = routing.selected();
        if (losses == null || selected == null) {
            return;
        }
        if (losses.balanceWeight() > 0) {
            balance.add(BalanceLoss.apply(tape, routing.p(), selected));
        }
        if (losses.contrastWeight() > 0) {
            contrast.add(
                    switch (losses.contrast()) {
                        case SUPERVISED -> supervised(tape, losses, module, u, b, routing.p(), selected);
                        case TOKEN -> withinTokens(tape, losses, module, u, b, routing.p(), selected);
                    });
        }
    }

    private Tensor supervised(
            Tape tape, LossSettings settings, String module, Tensor u, Tensor b, Tensor p, Tensor selected) {
        int all = Math.toIntExact(selected.shape().size());
        int[] sample = all <= settings.maxPairs() ? null : sample(module + "/pairs", all, settings.maxPairs());
        return ContrastiveLoss.apply(
                tape, u, b, selected, p.shape().cols(), (float) settings.contrastTemperature(), sample);
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
        return RandomStream.of(seed, draw, stream).sampleWithoutReplacement(of, count);
    }

    /** The mean of L_bal over modules, [1]; null if no layer added to it. */
    public @Nullable Tensor balance(Tape tape) {
        return mean(tape, balance);
    }

    /** The mean of L_con over modules, [1]; null if no layer added to it. */
    public @Nullable Tensor contrast(Tape tape) {
        return mean(tape, contrast);
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
