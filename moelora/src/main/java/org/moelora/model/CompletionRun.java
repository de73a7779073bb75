package org.moelora.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.text.TextStream;
import org.moelora.text.Tokenizer;

/** One {@link Request} as it is answered. Used by one thread, once. */
final class CompletionRun {
    /** Room for so many tokens of a text at first; more is taken as they come. */
    private static final int AT_FIRST = 64;

    /** A cache of more bytes than this goes back to the system when its texts are done. */
    private static final long LARGE = 64L << 20;

    private final LanguageModel model;
    private final Request request;
    private final long begin = System.nanoTime();

    CompletionRun(LanguageModel model, Request request) {
        this.model = model;
        this.request = request;
    }

    /** Ends a pass over the prompt or a token between two layers. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient FinishReason why;

        Stopped(FinishReason why) {
            super("stopped", null, false, false);
            this.why = why;
        }
    }

    /** Sees pieces of texts as they come. */
    interface Pieces {
        void piece(int text, String piece);
    }

    List<Completion> run(Pieces pieces) {
        int[] prompt = request.tokens(model);
        int most = mostTokens(prompt);
        List<@Nullable String> tasks = Collections.nCopies(request.texts(), request.task());
        checkMemory(prompt, most, tasks);
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < request.texts(); i++) {
            texts.add(new Text(i, prompt, most));
        }
        int first = (int) Math.min((long) prompt.length + most, (long) prompt.length + AT_FIRST);
        try (LanguageModel.Uses uses = model.enter()) {
            answer(tasks, first, prompt.length + most, texts, pieces);
        } catch (InternalError e) {
            throw model.decoder().explained(e);
        }
        return texts.stream().map(Text::completion).toList();
    }

    private void answer(List<@Nullable String> tasks, int first, int most, List<Text> texts, Pieces pieces) {
        boolean large = false;
        try (Decoding decoding = new Decoding(model, tasks, first, most)) {
            try {
                advance(decoding, texts, pieces);
            } finally {
                large = decoding.bytes() > LARGE;
            }
        } finally {
            if (large) {
                model.decoder().device().trim();
            }
        }
    }

    private void advance(Decoding decoding, List<Text> texts, Pieces pieces) {
        while (texts.stream().anyMatch(text -> text.finish == null)) {
            try {
                checkStop();
                int[][] next = texts.stream().map(Text::next).toArray(int[][]::new);
                List<float[]> logits = decoding.read(next, this::checkStop);
                int row = 0;
                for (Text text : texts) {
                    if (text.finish == null) {
                        text.choose(logits.get(row++), pieces);
                    }
                }
            } catch (Stopped e) {
                for (Text text : texts) {
                    text.end(e.why, pieces);
                }
            }
        }
    }

    private void checkStop() {
        Cancellation cancellation = request.cancellation();
        boolean cancelled = cancellation != null && cancellation.isCancelled();
        if (cancelled || Thread.currentThread().isInterrupted()) {
            throw new Stopped(FinishReason.CANCELLED);
        }
        Duration deadline = request.deadline();
        if (deadline != null && sinceBegin().compareTo(deadline) >= 0) {
            throw new Stopped(FinishReason.DEADLINE);
        }
    }

    private Duration sinceBegin() {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** How many tokens may follow the prompt. */
    private int mostTokens(int[] prompt) {
        if (prompt.length == 0) {
            throw new InputException("the prompt has no tokens; expected at least one");
        }
        DecoderConfig config = model.decoder().config();
        boolean unlimited = request.beyondPositions() && !config.design().learnedPositions();
        int positions = unlimited ? Integer.MAX_VALUE : config.maxPositions();
        if (prompt.length > positions) {
            throw new InputException("the prompt has " + prompt.length + " tokens, and the model has positions for "
                    + positions + "; expected a shorter prompt"
                    + (config.design().learnedPositions() ? "" : ", or that beyondPositions is allowed"));
        }
        // The last token is chosen at the last position, and read at none.
        return (int) Math.min(request.maxTokens(), (long) positions - prompt.length + 1);
    }

    private void checkMemory(int[] prompt, int most, List<@Nullable String> tasks) {
        if (request.maxMemory() == 0) {
            return;
        }
        MemoryPlan.of(
                        model,
                        view -> Generation.of(view, GenerationOptions.GREEDY.withMaxTokens(most))
                                .withTasks(tasks)
                                .rehearse(Collections.nCopies(request.texts(), prompt)))
                .require(request.maxMemory(), "writing", "a shorter prompt, or fewer --max-tokens");
    }

    /** One of the texts. */
    private final class Text {
        private final int index;
        private final int promptTokens;
        private final int most;
        private final Sampler sampler;
        private final List<Integer> ids = new ArrayList<>();
        private final List<Completion.TokenLogProbability> logProbabilities = new ArrayList<>();
        private final StringBuilder shown = new StringBuilder();
        private final StopSequences stops = new StopSequences(request.stops());
        private final @Nullable TextStream stream;
        private final @Nullable Choices choices;
        private int[] next;
        private @Nullable FinishReason finish;
        private @Nullable Duration firstToken;
        private Duration time = Duration.ZERO;

        Text(int index, int[] prompt, int most) {
            Tokenizer tokenizer = model.decoder().tokenizer();
            if (tokenizer == null
                    && !(request.stops().isEmpty() && request.choices().isEmpty())) {
                throw new InputException(model.decoder().source()
                        + ": there is no tokenizer; expected one for stop sequences and choices, which are text");
            }
            this.index = index;
            this.most = most;
            promptTokens = prompt.length;
            next = prompt;
            sampler = new Sampler(request.sampling(), index, prompt);
            stream = tokenizer == null ? null : tokenizer.stream();
            choices =
                    tokenizer == null || request.choices().isEmpty() ? null : new Choices(request.choices(), tokenizer);
        }

        int[] next() {
            return finish == null ? next : new int[0];
        }

        void choose(float[] logits, Pieces pieces) {
            List<Integer> ends = model.decoder().eosIds();
            float[] adjusted = logits.clone();
            if (choices != null) {
                choices.restrict(adjusted, ends);
            }
            int id = sampler.next(adjusted);
            if (firstToken == null) {
                firstToken = sinceBegin();
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
                show(stops.push(stream.push(id)), pieces);
            }
            if (choices != null) {
                choices.take(id);
            }
            if (stops.found()) {
                end(FinishReason.STOP_SEQUENCE, pieces);
            } else if (choices != null && choices.complete()) {
                end(FinishReason.STOP, pieces);
            } else if (ids.size() == most) {
                end(FinishReason.LENGTH, pieces);
            }
        }

        void end(FinishReason why, Pieces pieces) {
            if (finish != null) {
                return;
            }
            finish = why;
            time = sinceBegin();
            if (stream != null && !stops.found()) {
                show(stops.push(stream.finish()) + stops.finish(), pieces);
                if (stops.found() && why == FinishReason.LENGTH) {
                    finish = FinishReason.STOP_SEQUENCE;
                }
            }
        }

        private void show(String piece, Pieces pieces) {
            if (!piece.isEmpty()) {
                shown.append(piece);
                pieces.piece(index, piece);
            }
        }

        Completion completion() {
            return new Completion(
                    shown.toString(),
                    ids,
                    Objects.requireNonNull(finish),
                    new Usage(promptTokens, ids.size()),
                    firstToken == null ? time : firstToken,
                    time,
                    logProbabilities);
        }
    }
}
