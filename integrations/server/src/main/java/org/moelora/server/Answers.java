package org.moelora.server;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Cancellation;
import org.moelora.io.JsonWriter;
import org.moelora.model.Completion;
import org.moelora.model.FinishReason;
import org.moelora.model.GenerationEngine;
import org.moelora.model.LanguageModel;
import org.moelora.model.Request;
import org.moelora.server.http.Exchange;

/** Answers requests for texts: whole, or as a stream of server-sent events. */
final class Answers {
    private final GenerationEngine engine;
    private final Passes besides;
    private final Metrics metrics;

    Answers(GenerationEngine engine, Passes besides, Metrics metrics) {
        this.engine = engine;
        this.besides = besides;
        this.metrics = metrics;
    }

    /**
     * What was asked for.
     *
     * @param model the name of what answers
     * @param prompts each with as many texts
     * @param texts after each prompt
     * @param stream whether the texts come as they are written
     * @param usage whether a stream ends with its usage
     * @param ignored fields that change nothing
     * @param experts whether the answer says what the router decided
     */
    record Asked(
            String model,
            LanguageModel view,
            List<Request> prompts,
            int texts,
            boolean stream,
            boolean usage,
            AnswerFormat format,
            List<String> ignored,
            boolean experts) {}

    /** Answers, and ends the texts as soon as the client has gone. */
    void answer(Exchange exchange, Asked asked) throws IOException {
        Cancellation cancellation = new Cancellation();
        exchange.onGone(cancellation::cancel);
        Answer answer = new Answer(exchange, asked, cancellation);
        try {
            if (asked.stream()) {
                answer.stream();
            } else {
                answer.whole();
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            cancellation.cancel(); // whatever still runs after a failure
        }
    }

    private final class Answer {
        private final Exchange exchange;
        private final Asked asked;
        private final Cancellation cancellation;
        private final String id;
        private final long created = System.currentTimeMillis() / 1000;
        private @Nullable OutputStream events;

        Answer(Exchange exchange, Asked asked, Cancellation cancellation) {
            this.exchange = exchange;
            this.asked = asked;
            this.cancellation = cancellation;
            id = asked.format().prefix() + UUID.randomUUID().toString().replace("-", "");
        }

        void whole() throws IOException {
            List<List<Completion>> ofPrompts = completions(null);
            List<Object> choices = new ArrayList<>();
            each(ofPrompts, (completion, index) -> choices.add(asked.format().whole(index, completion)));
            Map<String, @Nullable Object> body = head(false, choices);
            body.put("usage", AnswerFormat.usage(ofPrompts));
            body.put("moelora", details(ofPrompts));
            exchange.respond(200, "application/json", utf8(JsonWriter.line(body)));
        }

        void stream() throws IOException {
            try {
                List<List<Completion>> ofPrompts = completions((piece, index) ->
                        event(head(true, List.of(asked.format().piece(index, piece)))));
                begin();
                int last = asked.prompts().size() * asked.texts() - 1;
                each(ofPrompts, (completion, index) -> {
                    List<Map<String, @Nullable Object>> ends = asked.format().end(index, completion);
                    for (int i = 0; i < ends.size(); i++) {
                        Map<String, @Nullable Object> end = head(true, List.of(ends.get(i)));
                        if (index == last && i == ends.size() - 1) {
                            end.put("moelora", details(ofPrompts));
                        }
                        event(end);
                    }
                });
                if (asked.usage()) {
                    Map<String, @Nullable Object> usage = head(true, List.of());
                    usage.put("usage", AnswerFormat.usage(ofPrompts));
                    event(usage);
                }
                data("[DONE]");
                begin().close();
            } catch (ApiException e) {
                failed(e);
            } catch (UncheckedIOException e) {
                throw e;
            } catch (RuntimeException e) {
                failed(Refusals.of(e));
            }
        }

        /** An error is an answer of its own before the stream has begun, and the last event of it afterwards. */
        private void failed(ApiException e) throws IOException {
            if (events == null) {
                throw e;
            }
            data(JsonWriter.line(e.body()));
            begin().close();
        }

        private List<List<Completion>> completions(@Nullable ObjIntConsumer<String> pieces) {
            List<List<Completion>> ofPrompts =
                    asked.prompts().size() == 1 ? List.of(completions(0, pieces)) : sideBySide(pieces);
            metrics.answered(ofPrompts);
            boolean cancelled =
                    ofPrompts.stream().flatMap(List::stream).anyMatch(text -> text.finish() == FinishReason.CANCELLED);
            if (cancelled) {
                throw ApiException.of(
                        503,
                        "server_error",
                        "cancelled",
                        "the server stops, or the client has gone: the text was not ended");
            }
            return ofPrompts;
        }

        private List<Completion> completions(int prompt, @Nullable ObjIntConsumer<String> pieces) {
            Request request = asked.prompts().get(prompt).toBuilder()
                    .cancellation(cancellation)
                    .build();
            int first = prompt * asked.texts();
            return pieces == null
                    ? engine.completions(asked.view(), request)
                    : engine.completions(asked.view(), request, (piece, text) -> pieces.accept(piece, first + text));
        }

        /** Several prompts at a time; one that fails ends all. */
        private List<List<Completion>> sideBySide(@Nullable ObjIntConsumer<String> pieces) {
            List<Future<List<Completion>>> futures = new ArrayList<>();
            List<List<Completion>> ofPrompts = new ArrayList<>();
            RuntimeException failure = null;
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < asked.prompts().size(); i++) {
                    int prompt = i;
                    futures.add(threads.submit(() -> completions(prompt, pieces)));
                }
                for (Future<List<Completion>> future : futures) {
                    try {
                        ofPrompts.add(future.get());
                    } catch (ExecutionException e) {
                        cancellation.cancel();
                        failure = failure != null ? failure : Refusals.unwrapped(e.getCause());
                    } catch (InterruptedException e) {
                        cancellation.cancel();
                        Thread.currentThread().interrupt();
                        failure = new IllegalStateException("the thread of a request was interrupted", e);
                        break;
                    }
                }
            }
            if (failure != null) {
                throw failure;
            }
            return ofPrompts;
        }

        private void each(List<List<Completion>> ofPrompts, ObjIntConsumer<Completion> consumer) {
            int index = 0;
            for (List<Completion> texts : ofPrompts) {
                for (Completion text : texts) {
                    consumer.accept(text, index++);
                }
            }
        }

        private Map<String, @Nullable Object> head(boolean part, Object choices) {
            Map<String, @Nullable Object> head = new LinkedHashMap<>();
            head.put("id", id);
            head.put("object", asked.format().object(part));
            head.put("created", created);
            head.put("model", asked.model());
            head.put("choices", choices);
            if (part && asked.usage()) {
                head.put("usage", null);
            }
            return head;
        }

        /** What OpenAI's fields have no place for. */
        private Map<String, @Nullable Object> details(List<List<Completion>> ofPrompts) {
            List<Completion> all = ofPrompts.stream().flatMap(List::stream).toList();
            Map<String, @Nullable Object> details = new LinkedHashMap<>();
            details.put(
                    "finish",
                    all.stream()
                            .map(text -> text.finish().name().toLowerCase(Locale.ROOT))
                            .toList());
            details.put(
                    "first_token_ms",
                    all.stream()
                            .mapToDouble(text -> text.firstToken().toNanos() / 1e6)
                            .min()
                            .orElse(0));
            details.put(
                    "time_ms",
                    all.stream()
                            .mapToDouble(text -> text.time().toNanos() / 1e6)
                            .max()
                            .orElse(0));
            if (asked.experts()) {
                details.put(
                        "experts",
                        besides.run(() -> Routed.of(
                                asked.view(),
                                asked.view().tokens(asked.prompts().getFirst()))));
            }
            if (!asked.ignored().isEmpty()) {
                details.put("ignored", asked.ignored());
            }
            return details;
        }

        /** Begins the stream, unless it has begun: what is refused before has a status of its own. */
        private OutputStream begin() {
            try {
                OutputStream begun = events;
                if (begun == null) {
                    begun = exchange.stream(
                            200, "text/event-stream", "Cache-Control", "no-store", "X-Accel-Buffering", "no");
                    events = begun;
                    for (int i = 0; i < asked.prompts().size() * asked.texts(); i++) {
                        Map<String, @Nullable Object> opening = asked.format().opening(i);
                        if (opening != null) {
                            data(JsonWriter.line(head(true, List.of(opening))));
                        }
                    }
                }
                return begun;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Several prompts write at a time. */
        private synchronized void event(Map<String, @Nullable Object> event) {
            try {
                begin();
                data(JsonWriter.line(event));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void data(String text) throws IOException {
            begin().write(utf8("data: " + text + "\n\n"));
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
