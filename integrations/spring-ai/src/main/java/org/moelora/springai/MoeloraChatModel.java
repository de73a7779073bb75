package org.moelora.springai;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.moelora.engine.InputException;
import org.moelora.model.Completion;
import org.moelora.model.GenerationEngine;
import org.moelora.model.LanguageModel;
import org.moelora.model.Request;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.observation.ChatModelObservationContext;
import org.springframework.ai.chat.observation.ChatModelObservationConvention;
import org.springframework.ai.chat.observation.ChatModelObservationDocumentation;
import org.springframework.ai.chat.observation.DefaultChatModelObservationConvention;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * A {@link ChatModel} that answers with views of one decoder, one for each {@code model} that options may name.
 *
 * <pre>{@code
 * try (Decoder base = Decoder.load(folder);
 *         Adapter support = Adapter.load(run, base);
 *         GenerationEngine engine = GenerationEngine.of(base).open()) {
 *     ChatModel model = MoeloraChatModel.builder(engine).view("support", base.with(support)).build();
 *     String answer = model.call("Where is my parcel?");
 * }
 * }</pre>
 *
 * <p>Conversations are written by the model's chat template, or as they are trained without one. An output schema is kept by the choice of tokens. What a prompt asks for that models here cannot do, such as media and tools, is an {@link
 * UnsupportedOperationException}; one that does not fit is an {@link InputException}, and one that finds the queue full an {@link
 * org.moelora.model.EngineBusyException}. Without a temperature the most probable token is chosen each time, and without {@code maxTokens} an answer has at most 256 tokens. The
 * finish reason is the engine's {@link org.moelora.model.FinishReason}: a text whose deadline has passed, or whose thread was interrupted, is returned as far as it came.
 *
 * <p>A stream is asked for when it is subscribed to, and hands over pieces that never end inside a character, then an empty one with the finish reason and the usage. Cancelling it
 * ends the text before its next token.
 *
 * <p>Safe for use by several threads: their requests run in one batch. The engine stays the caller's.
 */
public final class MoeloraChatModel implements ChatModel {
    /** What observations name as the provider. */
    static final String PROVIDER = "moelora";

    private static final ChatModelObservationConvention CONVENTION = new DefaultChatModelObservationConvention();

    private final GenerationEngine engine;
    private final Map<String, LanguageModel> views;
    private final MoeloraChatOptions options;
    private final ObservationRegistry observations;

    private MoeloraChatModel(
            GenerationEngine engine,
            Map<String, LanguageModel> views,
            MoeloraChatOptions options,
            ObservationRegistry observations) {
        this.engine = engine;
        this.views = views;
        this.options = options;
        this.observations = observations;
    }

    /** For an engine, which is to be closed by whom opened it. */
    public static Builder builder(GenerationEngine engine) {
        return new Builder(engine);
    }

    /** What a model is made of. Used by one thread. */
    public static final class Builder {
        private final GenerationEngine engine;
        private final Map<String, LanguageModel> views = new LinkedHashMap<>();
        private MoeloraChatOptions options = MoeloraChatOptions.NONE;
        private ObservationRegistry observations = ObservationRegistry.NOOP;

        private Builder(GenerationEngine engine) {
            this.engine = engine;
        }

        /**
         * A view of the engine's decoder, with an adapter or without, that answers prompts whose options name this {@code model}. The first one also answers those that name none.
         *
         * @throws IllegalArgumentException if the name is blank or taken
         */
        public Builder view(String name, LanguageModel view) {
            if (name.isBlank()) {
                throw new IllegalArgumentException(
                        "the name of a view is blank; expected the name that options will ask for");
            }
            if (views.putIfAbsent(name, view) != null) {
                throw new IllegalArgumentException("there are two views \"" + name + "\"; expected names that differ");
            }
            return this;
        }

        /** What holds where a prompt does not say otherwise. */
        public Builder options(MoeloraChatOptions values) {
            options = values;
            return this;
        }

        /** Where calls and streams are observed: {@link ObservationRegistry#NOOP} unless said otherwise. */
        public Builder observationRegistry(ObservationRegistry registry) {
            observations = registry;
            return this;
        }

        /**
         * @throws IllegalStateException if there is no view
         * @throws InputException if the options name a view that there is not
         */
        public MoeloraChatModel build() {
            if (views.isEmpty()) {
                throw new IllegalStateException(
                        "there is no view to answer with; expected view(name, view) at least once");
            }
            String named = options.getModel();
            MoeloraChatOptions complete = named != null
                    ? options
                    : options.mutate().model(views.keySet().iterator().next()).build();
            MoeloraChatModel model = new MoeloraChatModel(engine, new LinkedHashMap<>(views), complete, observations);
            var _ = model.view(complete);
            return model;
        }
    }

    private LanguageModel view(MoeloraChatOptions of) {
        LanguageModel view = views.get(of.getModel());
        if (view == null) {
            throw new InputException("there is no model \"" + of.getModel() + "\"; expected one of "
                    + String.join(", ", views.keySet()));
        }
        return view;
    }

    @Override
    public MoeloraChatOptions getOptions() {
        return options;
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        MoeloraChatOptions merged = PromptTranslation.options(prompt, options);
        ChatModelObservationContext context = context(prompt, merged, false);
        ChatResponse response = observation(context).observe(() -> {
            Request request = PromptTranslation.request(prompt, merged).build();
            Completion completion = engine.complete(view(merged), request);
            ChatResponse answer = response(completion.text(), name(merged), completion);
            context.setResponse(answer);
            return answer;
        });
        return Objects.requireNonNull(response);
    }

    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        return Flux.deferContextual(subscriber -> {
            MoeloraChatOptions merged = PromptTranslation.options(prompt, options);
            ChatModelObservationContext context = context(prompt, merged, true);
            Observation observation = observation(context);
            observation.parentObservation(
                    subscriber.getOrDefault(ObservationThreadLocalAccessor.KEY, (Observation) null));
            return Flux.<ChatResponse>create(sink -> submit(prompt, merged, context, sink))
                    .doFirst(observation::start)
                    .doOnError(observation::error)
                    .doFinally(end -> observation.stop());
        });
    }

    private void submit(
            Prompt prompt,
            MoeloraChatOptions merged,
            ChatModelObservationContext context,
            FluxSink<ChatResponse> sink) {
        Request request = PromptTranslation.request(prompt, merged).build();
        String name = name(merged);
        CompletableFuture<Completion> future = engine.submit(
                view(merged),
                request,
                piece -> sink.next(new ChatResponse(List.of(new Generation(new AssistantMessage(piece))))));
        sink.onDispose(() -> future.cancel(false));
        var _ = future.whenComplete((completion, failure) -> {
            if (completion != null) {
                context.setResponse(response(completion.text(), name, completion));
                sink.next(response("", name, completion));
                sink.complete();
            } else if (!sink.isCancelled()) {
                sink.error(cause(failure));
            }
        });
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    private static String name(MoeloraChatOptions of) {
        return String.valueOf(of.getModel());
    }

    private Observation observation(ChatModelObservationContext context) {
        return ChatModelObservationDocumentation.CHAT_MODEL_OPERATION.observation(
                null, CONVENTION, () -> context, observations);
    }

    private static ChatModelObservationContext context(Prompt prompt, MoeloraChatOptions merged, boolean streaming) {
        return ChatModelObservationContext.builder()
                .prompt(new Prompt(prompt.getInstructions(), merged))
                .provider(PROVIDER)
                .streaming(streaming)
                .build();
    }

    /**
     * An answer, with what is known of it at its end.
     *
     * @param text of the answer, or of its last piece
     */
    private static ChatResponse response(String text, String model, Completion completion) {
        int read = completion.usage().promptTokens();
        int written = completion.usage().completionTokens();
        return new ChatResponse(
                List.of(new Generation(
                        new AssistantMessage(text),
                        ChatGenerationMetadata.builder()
                                .finishReason(completion.finish().name())
                                .build())),
                ChatResponseMetadata.builder()
                        .id("moelora-" + UUID.randomUUID())
                        .model(model)
                        .usage(new DefaultUsage(
                                read,
                                written,
                                read + written,
                                completion.usage(),
                                (long) completion.usage().cachedTokens(),
                                null))
                        .build());
    }
}
