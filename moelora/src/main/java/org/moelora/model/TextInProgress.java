package org.moelora.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.random.RandomStream;
import org.moelora.grammar.Constraint;
import org.moelora.grammar.Grammar;
import org.moelora.text.ChatTemplate;
import org.moelora.text.TextStream;
import org.moelora.text.Tokenizer;
import org.moelora.text.ToolCallStream;

/** One text of a request as it is written: chooses its tokens, shows its pieces, and knows when it ends. Used by one thread at a time. */
final class TextInProgress {
    /** Sees pieces of texts as they come. */
    interface Pieces {
        /**
         * @param text which of the request's texts
         */
        void piece(int text, String piece);
    }

    private final AskedText asked;
    private final Request request;
    private final int index;
    private final List<Integer> ends;
    private final Sampler sampler;
    private final List<Integer> ids = new ArrayList<>();
    private final List<Completion.TokenLogProbability> logProbabilities = new ArrayList<>();
    private final StringBuilder shown = new StringBuilder();
    private final StopSequences stops;
    private final @Nullable TextStream stream;
    private final @Nullable Constraint constraint;
    private final @Nullable ToolCallStream calls;
    private int[] next;
    private int cached;
    private int guessed;
    private @Nullable FinishReason finish;
    private @Nullable Duration firstToken;
    private Duration time = Duration.ZERO;

    /**
     * @param index which of the request's texts
     * @throws InputException if it needs a tokenizer that the model does not have
     */
    TextInProgress(AskedText asked, int index) {
        Decoder decoder = asked.model().decoder();
        Tokenizer tokenizer = decoder.tokenizer();
        request = asked.request();
        if (tokenizer == null
                && !(request.stops().isEmpty() && request.choices().isEmpty() && request.grammar() == null)) {
            throw new InputException(decoder.source()
                    + ": there is no tokenizer; expected one for stop sequences, choices and grammars, which are text");
        }
        this.asked = asked;
        this.index = index;
        ends = decoder.eosIds();
        next = asked.prompt();
        sampler = new Sampler(request.sampling(), index, asked.prompt());
        stops = new StopSequences(request.stops());
        stream = tokenizer == null ? null : tokenizer.stream();
        calls = tokenizer == null || request.tools().isEmpty() ? null : calls(decoder, tokenizer);
        constraint = tokenizer == null ? null : constraint(decoder, tokenizer);
    }

    private ToolCallStream calls(Decoder decoder, Tokenizer tokenizer) {
        ChatTemplate template = Objects.requireNonNull(decoder.chatTemplate()); // without one tools are refused
        int seed = 31 * Arrays.hashCode(asked.prompt()) + index;
        return new ToolCallStream(template.toolCalls(), tokenizer, place -> callId(31L * seed + place));
    }

    /** Nine letters and digits that another prompt, text or place rarely has. */
    private static String callId(long seed) {
        String digits = Long.toString(RandomStream.of(seed, 0, "tool call").nextLong() >>> 1, 36);
        return "000000000".concat(digits).substring(digits.length());
    }

    private @Nullable Constraint constraint(Decoder decoder, Tokenizer tokenizer) {
        Grammar grammar = request.grammar();
        if (grammar != null) {
            return decoder.grammars(tokenizer).masks(grammar).begin();
        }
        return request.choices().isEmpty() ? null : new Choices(request.choices(), tokenizer);
    }

    boolean ended() {
        return finish != null;
    }

    /** What is to be read next: the prompt, then the token that was chosen; nothing once it has ended. */
    int[] next() {
        return finish == null ? next : new int[0];
    }

    /** How many tokens of the prompt did not have to be read. */
    void cached(int tokens) {
        cached = tokens;
    }

    /** So many more of its tokens had been guessed. */
    void guessed(int tokens) {
        guessed += tokens;
    }

    /** How many tokens may still be chosen. */
    int left() {
        return asked.most() - ids.size();
    }

    /**
     * Chooses the next token.
     *
     * @param logits [vocabulary], which stay as they are
     */
    void choose(float[] logits, Pieces pieces) {
        float[] adjusted = logits.clone();
        if (constraint != null) {
            constraint.restrict(adjusted, ends);
        }
        int id = sampler.next(adjusted);
        if (firstToken == null) {
            firstToken = asked.sinceBegin();
        }
        if (ends.contains(id)) {
            end(FinishReason.STOP, pieces);
            return;
        }
        ids.add(id);
        next = new int[] {id};
        if (request.logProbabilities() >= 0) {
            logProbabilities.add(LogProbabilities.of(logits, id, request.logProbabilities()));
        }
        if (stream != null) {
            if (calls != null) {
                calls.token(id);
            }
            show(stops.push(stream.push(id)), pieces);
        }
        if (constraint != null) {
            constraint.take(id);
        }
        if (stops.found()) {
            end(FinishReason.STOP_SEQUENCE, pieces);
        } else if (constraint != null && constraint.complete()) {
            end(FinishReason.STOP, pieces);
        } else if (ids.size() == asked.most()) {
            end(FinishReason.LENGTH, pieces);
        }
    }

    /** Ends the text, unless it has ended. */
    void end(FinishReason why, Pieces pieces) {
        if (finish != null) {
            return;
        }
        finish = why;
        time = asked.sinceBegin();
        if (stream != null && !stops.found()) {
            show(stops.push(stream.finish()) + stops.finish(), pieces);
            if (stops.found() && why == FinishReason.LENGTH) {
                finish = FinishReason.STOP_SEQUENCE;
            }
        }
        if (calls != null) {
            pass(calls.finish(), pieces);
        }
    }

    private void show(String said, Pieces pieces) {
        pass(calls == null ? said : calls.push(said), pieces);
    }

    private void pass(String piece, Pieces pieces) {
        if (!piece.isEmpty()) {
            shown.append(piece);
            pieces.piece(index, piece);
        }
    }

    /** What was written, after it has ended. */
    Completion completion() {
        return new Completion(
                shown.toString(),
                ids,
                Objects.requireNonNull(finish),
                new Usage(asked.prompt().length, cached, ids.size(), guessed),
                firstToken == null ? time : firstToken,
                time,
                logProbabilities,
                calls == null ? List.of() : calls.calls());
    }
}
