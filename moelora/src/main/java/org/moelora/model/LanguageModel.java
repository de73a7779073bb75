package org.moelora.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.GatePolicy;
import org.moelora.engine.InputException;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.CausalAttention;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.KeyValueCache;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.Rope;
import org.moelora.engine.ops.SwiGlu;
import org.moelora.kernels.Device;
import org.moelora.kernels.Ragged;

/**
 * A view of a {@link Decoder}, with an adapter or without: what is trained, scored and generated from. Immutable and cheap; several views of one decoder
 * may be used by several threads at once.
 *
 * <p>Shapes: T tokens of all sequences of a batch one after another, without padding.
 */
public final class LanguageModel {
    private final Decoder decoder;
    private final @Nullable Adapter adapter;
    private final @Nullable String task;

    LanguageModel(Decoder decoder, @Nullable Adapter adapter) {
        this(decoder, adapter, null);
    }

    private LanguageModel(Decoder decoder, @Nullable Adapter adapter, @Nullable String task) {
        if (adapter != null && !adapter.device().equals(decoder.device())) {
            throw new IllegalArgumentException("adapter and base are on different devices");
        }
        this.decoder = decoder;
        this.adapter = adapter;
        this.task = task;
    }

    /**
     * This view for texts of one task, whatever their rows say: for adapters whose gates depend on the task.
     *
     * @throws InputException if the adapter's gates do not, or it knows no such task
     */
    public LanguageModel forTask(String name) {
        if (adapter == null || !(adapter.config().gate() instanceof GatePolicy.ByTask byTask)) {
            throw new InputException("the task \"" + name
                    + "\" is given, and no gate depends on it; expected no task, or an adapter with the gate task");
        }
        byTask.index(name);
        return new LanguageModel(decoder, adapter, name);
    }

    public Decoder decoder() {
        return decoder;
    }

    /** The adapter of this view, or null. */
    public @Nullable Adapter adapter() {
        return adapter;
    }

    /** This view on a {@link Device#rehearsal}. */
    LanguageModel on(Device rehearsal) {
        return new LanguageModel(decoder.on(rehearsal), adapter == null ? null : adapter.on(rehearsal), task);
    }

    /**
     * The last norm's output for every token of a batch, [T, hidden].
     *
     * @param pass what the adapter draws from and reports to
     * @param ids [T], each below the vocabulary's size
     * @param starts [sequences + 1], first row of each sequence and T
     */
    public Tensor hidden(Tape tape, AdapterPass pass, int[] ids, int[] starts) {
        Ragged rows = Ragged.self(starts);
        int[] positions = new int[ids.length];
        for (int s = 0; s + 1 < starts.length; s++) {
            for (int t = starts[s]; t < starts[s + 1]; t++) {
                positions[t] = t - starts[s];
            }
        }
        return hidden(
                tape,
                pass,
                ids,
                positions,
                (part, layer, q, k, v) ->
                        CausalAttention.apply(part, decoder.config().heads(layer), rows, q, k, v));
    }

    /** {@link #hidden} for the next tokens of sequences whose past is in a cache; {@code added[s]} of them belong to sequence s. */
    Tensor hidden(Tape tape, int[] ids, int[] added, KeyValueCache cache) {
        int[] positions = cache.advance(added);
        return hidden(
                tape,
                AdapterPass.inference(),
                ids,
                positions,
                (part, layer, q, k, v) -> cache.attend(part, layer, decoder.config().heads(layer), q, k, v));
    }

    /** The weights, which stay where they are until the tape is closed. */
    private Weights weights(Tape tape) {
        tape.use(decoder.lifetime());
        return decoder.weights();
    }

    /**
     * Keeps decoder and adapter from being freed, over several passes; one pass is kept from it by its tape. Others may close them meanwhile: that
     * ends the next pass with an {@link IllegalStateException}, and the memory goes when the uses are closed.
     *
     * @throws IllegalStateException if one of them is closed
     */
    public Uses enter() {
        Lifetime.Use ofDecoder = decoder.lifetime().enter();
        try {
            return new Uses(ofDecoder, adapter == null ? null : adapter.enter());
        } catch (RuntimeException e) {
            ofDecoder.close();
            throw e;
        }
    }

    /** The end of what {@link #enter} began. */
    public record Uses(Lifetime.Use decoder, Lifetime.@Nullable Use adapter) implements AutoCloseable {
        @Override
        public void close() {
            if (adapter != null) {
                adapter.close();
            }
            decoder.close();
        }
    }

    @FunctionalInterface
    private interface Attend {
        Tensor apply(Tape tape, int layer, Tensor q, Tensor k, Tensor v);
    }

    private Tensor hidden(Tape tape, AdapterPass given, int[] ids, int[] positions, Attend attend) {
        AdapterPass pass = task == null ? given : given.withTask(task);
        Weights weights = weights(tape);
        DecoderConfig config = decoder.config();
        Tensor table = Rope.table(tape, tape.ints(positions), config.ropeFrequencies());
        Tensor x = Embedding.apply(tape, tape.ints(ids), weights.embedding());
        pass.saw("model.embed_tokens", x);
        List<Weights.Block> blocks = weights.blocks();
        for (int layer = 0; layer < blocks.size(); layer++) {
            int at = layer;
            Tensor in = x;
            x = pass.segment(
                    tape,
                    "layer " + layer,
                    (part, inner) -> block(part, inner, blocks.get(at), at, in, table, attend),
                    in,
                    table);
            pass.saw("model.layers." + layer, x);
            if (!tape.isRecording()) {
                tape.releaseExcept(x, table);
            }
        }
        Tensor last = RmsNorm.apply(tape, x, weights.norm(), config.normEps());
        pass.saw("model.norm", last);
        return last;
    }

    /** {@code x + attention(norm(x))}, then {@code x + down(silu(gate(norm(x))) .* up(norm(x)))}. */
    private Tensor block(
            Tape tape, AdapterPass pass, Weights.Block block, int layer, Tensor x, Tensor table, Attend attend) {
        float eps = decoder.config().normEps();
        Tensor h = RmsNorm.apply(tape, x, block.inputNorm(), eps);
        Tensor q = Rope.apply(tape, linear(tape, pass, block.q(), h), table);
        Tensor k = Rope.apply(tape, linear(tape, pass, block.k(), h), table);
        Tensor v = linear(tape, pass, block.v(), h);
        Tensor attended = linear(tape, pass, block.o(), attend.apply(tape, layer, q, k, v));
        Tensor middle = Add.apply(tape, x, attended);
        Tensor n = RmsNorm.apply(tape, middle, block.postNorm(), eps);
        Tensor gated = SwiGlu.apply(tape, linear(tape, pass, block.gate(), n), linear(tape, pass, block.up(), n));
        return Add.apply(tape, middle, linear(tape, pass, block.down(), gated));
    }

    private Tensor linear(Tape tape, AdapterPass pass, Weights.LinearWeight linear, Tensor x) {
        Tensor y = Linear.apply(tape, x, linear.weight(), linear.bias());
        Tensor adapted = adapter == null ? y : adapter.apply(tape, pass, linear.name(), x, y);
        pass.saw(linear.name(), adapted);
        return adapted;
    }

    /**
     * {@code L = scale * sum} of the cross-entropy of the rows {@code positions} of hidden against {@code targets}.
     *
     * @param hidden [T, hidden]
     * @return [1]
     */
    public Tensor loss(Tape tape, Tensor hidden, int[] positions, int[] targets, float scale) {
        Tensor rows = Embedding.gather(tape, tape.ints(positions), hidden);
        return CrossEntropy.ofLinear(tape, rows, weights(tape).head(), tape.ints(targets), scale);
    }

    /** The natural logarithm of the probability of each target at its position. */
    public float[] logProbabilities(Tape tape, Tensor hidden, int[] positions, int[] targets) {
        Tensor rows = Embedding.gather(tape, tape.ints(positions), hidden);
        return CrossEntropy.logProbabilities(tape, rows, weights(tape).head(), tape.ints(targets));
    }

    /**
     * Logits of some rows of hidden.
     *
     * @return [positions.length, vocabulary]
     */
    public Tensor logits(Tape tape, Tensor hidden, int... positions) {
        Tensor rows = Embedding.gather(tape, tape.ints(positions), hidden);
        return Linear.apply(tape, rows, weights(tape).head(), null);
    }

    /** The greedy answer to a prompt; see {@link Generation} for everything else. */
    public String generate(String prompt) {
        return Generation.of(this, GenerationOptions.GREEDY).text(prompt);
    }
}
