package org.moelora.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.Router;
import org.moelora.adapter.RowAdapters;
import org.moelora.adapter.RowLayout;
import org.moelora.engine.InputException;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.CausalAttention;
import org.moelora.engine.ops.Columns;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.Gelu;
import org.moelora.engine.ops.KeyValueCache;
import org.moelora.engine.ops.LayerNorm;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.Rope;
import org.moelora.engine.ops.Scale;
import org.moelora.engine.ops.SequenceCache;
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
        if (adapter == null || !(adapter.config().gate() instanceof GatePolicy.TaskGate taskGate)) {
            throw new InputException("the task \"" + name
                    + "\" is given, and no gate depends on it; expected no task, or an adapter with the gate task");
        }
        taskGate.index(name);
        return new LanguageModel(decoder, adapter, name);
    }

    public Decoder decoder() {
        return decoder;
    }

    /** This view with another adapter in the place of its own, for the same task if it has one. */
    public LanguageModel with(Adapter other) {
        return new LanguageModel(decoder, other, task);
    }

    /** The task of {@link #forTask}, or null. */
    @Nullable String task() {
        return task;
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
                pass.over(task, starts),
                ids,
                positions,
                new Reading(
                        (part, layer, q, k, v) ->
                                CausalAttention.apply(part, decoder.config().heads(layer), rows, q, k, v),
                        this::adapted));
    }

    /**
     * {@link #hidden} for the next tokens of sequences whose past is in a cache; {@code added[s]} of them belong to sequence s.
     *
     * @param pass for these tokens
     * @param betweenLayers runs in each layer, before it attends
     */
    Tensor hidden(Tape tape, AdapterPass pass, int[] ids, int[] added, KeyValueCache cache, Runnable betweenLayers) {
        int[] positions = cache.advance(added);
        int[] starts = new int[added.length + 1];
        for (int s = 0; s < added.length; s++) {
            starts[s + 1] = starts[s] + added[s];
        }
        Attend attend = (part, layer, q, k, v) -> {
            betweenLayers.run();
            return cache.attend(part, layer, decoder.config().heads(layer), q, k, v);
        };
        return hidden(tape, pass.over(task, starts), ids, positions, new Reading(attend, this::adapted));
    }

    /**
     * {@link #hidden} for the next tokens of one sequence, a prompt or a part of one.
     *
     * @param pass for these tokens
     * @param betweenLayers runs in each layer, before it attends
     */
    Tensor hidden(Tape tape, AdapterPass pass, int[] ids, SequenceCache.Step step, Runnable betweenLayers) {
        Attend attend = (part, layer, q, k, v) -> {
            betweenLayers.run();
            return step.attend(part, layer, decoder.config().heads(layer), q, k, v);
        };
        AdapterPass over = pass.over(task, step.starts());
        return hidden(tape, over, ids, step.positions(), new Reading(attend, this::adapted));
    }

    /**
     * {@link #hidden} of the next token of several sequences, each with an adapter of its own. Every row has the bits that it has alone.
     *
     * @param ids one for each sequence
     */
    static Tensor hidden(Tape tape, Decoder decoder, RowAdapters adapters, int[] ids, SequenceCache.Step step) {
        adapters.begin();
        Reading reading = new Reading(
                (part, layer, q, k, v) ->
                        step.attend(part, layer, decoder.config().heads(layer), q, k, v),
                (part, pass, linear, x) -> adapters.apply(part, linear.name(), x, linear.weight(), linear.bias()));
        return decoder.plain().hidden(tape, AdapterPass.inference(), ids, step.positions(), reading);
    }

    /** {@link #logits} of every row, each with the bits that it has alone: [rows, vocabulary]. */
    static Tensor logitsByRow(Tape tape, Decoder decoder, Tensor hidden) {
        return Linear.byRow(tape, hidden, decoder.plain().weights(tape).head(), null);
    }

    /**
     * Which of the adapters that learned one after another answers which row.
     *
     * @param rows lays out ids
     * @return for each row how many adapters learned after the one that answers it: 0 is the newest
     */
    public int[] answeredBy(int[] ids, RowLayout rows) {
        try (Tape tape = Tape.inference(decoder.device())) {
            AdapterPass pass = AdapterPass.inference().withRows(rows);
            if (adapter == null) {
                return pass.generationsOfRows();
            }
            int[] positions = new int[ids.length]; // which a choice does not look at, where they are not learned
            for (int r = 0; r + 1 < rows.starts().length; r++) {
                for (int t = rows.starts()[r]; t < rows.starts()[r + 1]; t++) {
                    positions[t] = t - rows.starts()[r];
                }
            }
            return adapter.answering(tape, pass, embedded(tape, weights(tape), ids, positions))
                    .generationsOfRows();
        }
    }

    /**
     * The gates that a router of prompts gives a prompt, and all that follows it.
     *
     * @return g [E] of every adapted linear, by its name
     * @throws InputException if there is no such router, so that gates depend on the token, or the prompt is empty
     */
    public Map<String, double[]> gates(int[] prompt) {
        if (adapter == null
                || !(adapter.config().router() instanceof Router.Prompt)
                || adapter.config().gate() == null) {
            throw new InputException(
                    "the gates of this adapter do not depend on a prompt; expected a mixture with the router prompt");
        }
        if (prompt.length == 0) {
            throw new InputException("the prompt has no tokens; expected at least one");
        }
        Map<String, double[]> gates = new LinkedHashMap<>();
        AdapterPass pass = AdapterPass.observed((module, u, b, routing) -> {
            float[] all = routing.gate().toArray();
            double[] first = new double[routing.gate().shape().cols()];
            for (int e = 0; e < first.length; e++) {
                first[e] = all[e];
            }
            gates.put(module, first);
        });
        try (Tape tape = Tape.inference(decoder.device())) {
            hidden(tape, pass, prompt, new int[] {0, prompt.length});
        }
        if (gates.isEmpty()) {
            throw new InputException(
                    "an older adapter than the newest answers this prompt; expected one of the newest's");
        }
        return gates;
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

    /** What is beside a frozen linear. */
    @FunctionalInterface
    private interface Linears {
        Tensor apply(Tape tape, AdapterPass pass, Weights.LinearWeight linear, Tensor x);
    }

    /** How tokens are read: where attention finds their keys, and how linears are adapted. */
    private record Reading(Attend attend, Linears linears) {}

    private Tensor adapted(Tape tape, AdapterPass pass, Weights.LinearWeight linear, Tensor x) {
        return adapter == null
                ? Linear.apply(tape, x, linear.weight(), linear.bias())
                : adapter.apply(tape, pass, linear.name(), x, linear.weight(), linear.bias());
    }

    private Tensor hidden(Tape tape, AdapterPass given, int[] ids, int[] positions, Reading reading) {
        Weights weights = weights(tape);
        DecoderConfig config = decoder.config();
        Tensor x = embedded(tape, weights, ids, positions);
        AdapterPass pass = adapter == null ? given : adapter.answering(tape, given, x);
        pass.saw("model.embed_tokens", x);
        RopeTables tables = tables(tape, positions);
        List<Weights.Block> blocks = weights.blocks();
        for (int layer = 0; layer < blocks.size(); layer++) {
            int at = layer;
            Tensor in = x;
            Tensor table = tables.of(config.design().isLocal(layer));
            Tensor[] reads = table == null ? new Tensor[] {in} : new Tensor[] {in, table};
            x = pass.checkpointed(
                    tape,
                    "layer " + layer,
                    (part, inner) -> block(part, inner, blocks.get(at), at, in, table, reading),
                    reads);
            pass.saw("model.layers." + layer, x);
            if (!tape.isRecording()) {
                tape.freeExcept(tables.and(x));
            }
        }
        Tensor last = norm(tape, x, weights.norm());
        pass.saw("model.norm", last);
        return last;
    }

    /**
     * Refuses a text that is longer than the model was made for.
     *
     * @param where how the sentence names the text, such as {@code test.jsonl line 3}
     * @throws InputException if it has more tokens than the model has positions
     */
    public void checkLength(String where, int tokens) {
        int most = decoder.config().maxPositions();
        if (tokens > most) {
            throw new InputException(where + ": has " + tokens + " tokens, and the model has positions for " + most
                    + "; expected at most as many");
        }
    }

    /** {@code scale W[ids]}, with the position's own embedding added where there is one. */
    private Tensor embedded(Tape tape, Weights weights, int[] ids, int[] positions) {
        int vocabulary = decoder.config().vocabularySize();
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw new InputException(
                        "a text has the token " + id + "; expected one below the model's vocabulary of " + vocabulary);
            }
        }
        Tensor x = Embedding.apply(tape, tape.ints(ids), weights.embedding());
        double scale = decoder.config().design().embeddingScale();
        if (scale != 1) {
            x = Scale.apply(tape, x, (float) scale);
        }
        Weight learned = weights.positions();
        if (learned == null) {
            return x;
        }
        int most = decoder.config().maxPositions();
        for (int position : positions) {
            if (position >= most) {
                throw new InputException("a text has more than " + most
                        + " tokens; expected at most as many, which is all" + " that this model has positions for");
            }
        }
        return Add.apply(tape, x, Embedding.apply(tape, tape.ints(positions), learned));
    }

    /**
     * Cosines and sines of the tokens' positions, [T, headDim].
     *
     * @param global null where positions are learned
     * @param local of layers that turn by a base of their own; null without them
     */
    private record RopeTables(
            @Nullable Tensor global, @Nullable Tensor local) {
        @Nullable Tensor of(boolean isLocal) {
            return isLocal ? local : global;
        }

        /** These and another. */
        Tensor[] and(Tensor x) {
            return Stream.of(x, global, local).filter(Objects::nonNull).toArray(Tensor[]::new);
        }
    }

    private RopeTables tables(Tape tape, int[] positions) {
        DecoderConfig config = decoder.config();
        if (config.design().learnedPositions()) {
            return new RopeTables(null, null);
        }
        Tensor at = tape.ints(positions);
        Tensor local =
                config.design().localRopeTheta() > 0 ? Rope.table(tape, at, config.localRopeFrequencies()) : null;
        return new RopeTables(Rope.table(tape, at, config.ropeFrequencies()), local);
    }

    /** {@code x + attention(norm(x))}, then {@code x + feedForward(norm(x))}. */
    private Tensor block(
            Tape tape,
            AdapterPass pass,
            Weights.Block block,
            int layer,
            Tensor x,
            @Nullable Tensor table,
            Reading reading) {
        Tensor h = norm(tape, x, block.attentionNorm());
        Tensor attended = attention(tape, pass, block, layer, h, table, reading);
        Weights.Norm ofAttended = block.attentionResultNorm();
        Tensor middle = Add.apply(tape, x, ofAttended == null ? attended : norm(tape, attended, ofAttended));
        Tensor n = norm(tape, middle, block.feedForwardNorm());
        Tensor fed = linear(tape, pass, block.down(), activated(tape, pass, block, n, reading), reading);
        Weights.Norm ofFed = block.feedForwardResultNorm();
        return Add.apply(tape, middle, ofFed == null ? fed : norm(tape, fed, ofFed));
    }

    private Tensor attention(
            Tape tape,
            AdapterPass pass,
            Weights.Block block,
            int layer,
            Tensor h,
            @Nullable Tensor table,
            Reading reading) {
        int query = decoder.config().queryWidth();
        int key = decoder.config().keyWidth();
        List<Tensor> qkv = parts(tape, pass, reading, block.queryKeyValue(), h, query, key, key);
        Tensor q = turned(tape, qkv.get(0), block.queryNorm(), table);
        Tensor k = turned(tape, qkv.get(1), block.keyNorm(), table);
        return linear(tape, pass, block.output(), reading.attend().apply(tape, layer, q, k, qkv.get(2)), reading);
    }

    /** Queries or keys, normalised and turned where the design says so. */
    private Tensor turned(Tape tape, Tensor x, Weights.@Nullable Norm norm, @Nullable Tensor table) {
        Tensor normal = norm == null ? x : norm(tape, x, norm);
        return table == null
                ? normal
                : Rope.apply(tape, normal, table, decoder.config().design().interleavedRope());
    }

    /** {@code activation(gate(n)) .* up(n)}, or {@code activation(up(n))}. */
    private Tensor activated(Tape tape, AdapterPass pass, Weights.Block block, Tensor n, Reading reading) {
        Design design = decoder.config().design();
        if (!design.gated()) {
            return Gelu.apply(tape, linear(tape, pass, block.gateUp().getFirst(), n, reading));
        }
        int inter = decoder.config().intermediateSize();
        List<Tensor> gateUp = parts(tape, pass, reading, block.gateUp(), n, inter, inter);
        return switch (design.activation()) {
            case SILU -> SwiGlu.apply(tape, gateUp.get(0), gateUp.get(1));
            case GELU -> Multiply.apply(tape, Gelu.apply(tape, gateUp.get(0)), gateUp.get(1));
        };
    }

    /** The results of linears on the same input, which may be one linear that gives all side by side. */
    private List<Tensor> parts(
            Tape tape, AdapterPass pass, Reading reading, List<Weights.LinearWeight> linears, Tensor x, int... widths) {
        List<Tensor> parts = new ArrayList<>();
        if (linears.size() == widths.length) {
            linears.forEach(each -> parts.add(linear(tape, pass, each, x, reading)));
            return parts;
        }
        Tensor all = linear(tape, pass, linears.getFirst(), x, reading);
        int from = 0;
        for (int width : widths) {
            parts.add(Columns.apply(tape, all, from, width));
            from += width;
        }
        return parts;
    }

    private Tensor norm(Tape tape, Tensor x, Weights.Norm norm) {
        float eps = decoder.config().normEps();
        Tensor bias = norm.bias();
        return bias == null
                ? RmsNorm.apply(tape, x, norm.weight(), eps)
                : LayerNorm.apply(tape, x, norm.weight(), bias, eps);
    }

    private Tensor linear(Tape tape, AdapterPass pass, Weights.LinearWeight linear, Tensor x, Reading reading) {
        Tensor adapted = reading.linears().apply(tape, pass, linear, x);
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

    /**
     * The tokens of a request's prompt, as {@link #complete(Request)} reads them.
     *
     * @throws InputException if it is text and the model has no tokenizer, or the chat template refuses the messages
     */
    public int[] tokens(Request request) {
        return request.tokens(this);
    }

    /** The greedy answer to a prompt, of at most 256 tokens; see {@link #complete(Request)} for everything else. */
    public String generate(String prompt) {
        return complete(Request.of(prompt).build()).text();
    }

    /**
     * Writes what follows a prompt.
     *
     * @throws InputException if the prompt is empty or longer than the model has positions for, if more memory might be needed than the request allows,
     *     if it asks for several texts, or for a text and the model has no tokenizer
     * @throws org.moelora.kernels.OutOfDeviceMemoryException if the device does not have enough memory; all that was taken is free again
     * @throws IllegalStateException if decoder or adapter are closed
     */
    public Completion complete(Request request) {
        return complete(request, piece -> {});
    }

    /**
     * {@link #complete(Request)}, handing over the text as it comes. A piece never ends inside a character, and holds nothing that may become a stop sequence.
     * What the consumer throws ends the text and is thrown.
     */
    public Completion complete(Request request, Consumer<String> pieces) {
        if (request.texts() != 1) {
            throw new InputException(
                    "the request is for " + request.texts() + " texts; expected one, or LanguageModel.completions");
        }
        return new CompletionRun(this, request)
                .run((text, piece) -> pieces.accept(piece))
                .getFirst();
    }

    /** As many texts after one prompt as the request asks for; else as {@link #complete(Request)}. */
    public List<Completion> completions(Request request) {
        return new CompletionRun(this, request).run((text, piece) -> {});
    }

    /** The vector of one text by the {@link Pooling#MEAN mean}; see {@link #embed(List, Pooling)}. */
    public TextEmbedding embed(String text) {
        return embed(List.of(text), Pooling.MEAN).getFirst();
    }

    /**
     * A vector of each text, for comparing texts by their cosine: {@code v / |v|} with v the texts' last hidden states, {@link #hidden}, in a pooled form. Each text is
     * written as the tokenizer writes whole texts; texts are read several at a time. Safe to call from several threads.
     *
     * @return in the order of the texts; what is read beside a text may change the last bits of its vector
     * @throws InputException if the model has no tokenizer, a text has no tokens or more than the model has positions for, or its vector has no direction
     * @throws org.moelora.kernels.OutOfDeviceMemoryException if the device does not have enough memory; all that was taken is free again
     * @throws IllegalStateException if decoder or adapter are closed
     */
    public List<TextEmbedding> embed(List<String> texts, Pooling pooling) {
        return new EmbeddingRun(this, pooling, EmbeddingRun.BATCH_TOKENS).of(texts);
    }
}
