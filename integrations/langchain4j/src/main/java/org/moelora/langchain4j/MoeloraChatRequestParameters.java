package org.moelora.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The parameters that LangChain4j knows, and those that {@link org.moelora.model.Request} has besides. Null is for one that is not given. Immutable. */
public final class MoeloraChatRequestParameters extends DefaultChatRequestParameters {
    /** None is given. */
    public static final MoeloraChatRequestParameters NONE = builder().build();

    private final @Nullable Double minP;
    private final @Nullable Double repetitionPenalty;
    private final @Nullable Map<Integer, Double> logitBias;
    private final @Nullable Long seed;
    private final @Nullable Duration deadline;
    private final @Nullable String task;
    private final @Nullable Integer logProbabilities;

    private MoeloraChatRequestParameters(Builder builder) {
        super(builder);
        minP = builder.minP;
        repetitionPenalty = builder.repetitionPenalty;
        logitBias = builder.logitBias;
        seed = builder.seed;
        deadline = builder.deadline;
        task = builder.task;
        logProbabilities = builder.logProbabilities;
    }

    /** None given yet. */
    public static Builder builder() {
        return new Builder();
    }

    /** {@link org.moelora.model.Request.Builder#minP}. */
    public @Nullable Double minP() {
        return minP;
    }

    /** {@link org.moelora.model.Request.Builder#repetitionPenalty}. */
    public @Nullable Double repetitionPenalty() {
        return repetitionPenalty;
    }

    /** {@link org.moelora.model.Request.Builder#logitBias}. */
    public @Nullable Map<Integer, Double> logitBias() {
        return logitBias;
    }

    /** {@link org.moelora.model.Request.Builder#seed}. */
    public @Nullable Long seed() {
        return seed;
    }

    /** {@link org.moelora.model.Request.Builder#deadline}. */
    public @Nullable Duration deadline() {
        return deadline;
    }

    /** {@link org.moelora.model.Request.Builder#task}. */
    public @Nullable String task() {
        return task;
    }

    /** {@link org.moelora.model.Request.Builder#logProbabilities}; they are in {@link MoeloraChatResponseMetadata#completion}. */
    public @Nullable Integer logProbabilities() {
        return logProbabilities;
    }

    @Override
    public MoeloraChatRequestParameters overrideWith(ChatRequestParameters that) {
        return builder().overrideWith(this).overrideWith(that).build();
    }

    @Override
    public MoeloraChatRequestParameters defaultedBy(ChatRequestParameters that) {
        return builder().overrideWith(that).overrideWith(this).build();
    }

    private List<@Nullable Object> own() {
        return Arrays.asList(minP, repetitionPenalty, logitBias, seed, deadline, task, logProbabilities);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return super.equals(other) && other instanceof MoeloraChatRequestParameters that && own().equals(that.own());
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), own());
    }

    @Override
    public String toString() {
        return super.toString() + " with minP, repetitionPenalty, logitBias, seed, deadline, task, logProbabilities "
                + own();
    }

    /** Parameters as they are given. Used by one thread. */
    public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
        private @Nullable Double minP;
        private @Nullable Double repetitionPenalty;
        private @Nullable Map<Integer, Double> logitBias;
        private @Nullable Long seed;
        private @Nullable Duration deadline;
        private @Nullable String task;
        private @Nullable Integer logProbabilities;

        private Builder() {}

        /** {@link org.moelora.model.Request.Builder#minP}. */
        public Builder minP(@Nullable Double value) {
            minP = value;
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#repetitionPenalty}. */
        public Builder repetitionPenalty(@Nullable Double value) {
            repetitionPenalty = value;
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#logitBias}. */
        public Builder logitBias(@Nullable Map<Integer, Double> byToken) {
            logitBias = byToken == null ? null : Map.copyOf(byToken);
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#seed}. */
        public Builder seed(@Nullable Long value) {
            seed = value;
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#deadline}. */
        public Builder deadline(@Nullable Duration time) {
            deadline = time;
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#task}. */
        public Builder task(@Nullable String name) {
            task = name;
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#logProbabilities}. */
        public Builder logProbabilities(@Nullable Integer alternatives) {
            logProbabilities = alternatives;
            return this;
        }

        @Override
        public Builder overrideWith(ChatRequestParameters parameters) {
            super.overrideWith(parameters);
            if (parameters instanceof MoeloraChatRequestParameters own) {
                minP = own.minP == null ? minP : own.minP;
                repetitionPenalty = own.repetitionPenalty == null ? repetitionPenalty : own.repetitionPenalty;
                logitBias = own.logitBias == null ? logitBias : own.logitBias;
                seed = own.seed == null ? seed : own.seed;
                deadline = own.deadline == null ? deadline : own.deadline;
                task = own.task == null ? task : own.task;
                logProbabilities = own.logProbabilities == null ? logProbabilities : own.logProbabilities;
            }
            return this;
        }

        @Override
        public MoeloraChatRequestParameters build() {
            return new MoeloraChatRequestParameters(this);
        }
    }
}
