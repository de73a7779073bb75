package org.moelora.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Completion;

/** What is known of an answer: with the whole {@link Completion}, for its timings, cached tokens, log-probabilities and the reason why it ended. Immutable. */
public final class MoeloraChatResponseMetadata extends ChatResponseMetadata {
    private final @Nullable Completion completion;

    private MoeloraChatResponseMetadata(Builder builder) {
        super(builder);
        completion = builder.completion;
    }

    /** For tests of code that reads it; models make their own. */
    public static Builder builder() {
        return new Builder();
    }

    /** What the engine wrote; null if this is not of a model's answer. */
    public @Nullable Completion completion() {
        return completion;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return super.equals(other)
                && other instanceof MoeloraChatResponseMetadata that
                && Objects.equals(completion, that.completion);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), completion);
    }

    @Override
    public Builder toBuilder() {
        return new Builder()
                .completion(completion)
                .id(id())
                .modelName(modelName())
                .tokenUsage(tokenUsage())
                .finishReason(finishReason());
    }

    /** Metadata as it becomes known. Used by one thread. */
    public static final class Builder extends ChatResponseMetadata.Builder<Builder> {
        private @Nullable Completion completion;

        private Builder() {}

        /** What the engine wrote. */
        public Builder completion(@Nullable Completion value) {
            completion = value;
            return this;
        }

        @Override
        public MoeloraChatResponseMetadata build() {
            return new MoeloraChatResponseMetadata(this);
        }
    }
}
