package org.moelora.springai;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.DefaultChatOptions;
import org.springframework.ai.chat.prompt.DefaultChatOptionsBuilder;

/** The options that Spring AI knows, and those that {@link org.moelora.model.Request} has besides. Null is for one that is not given. Immutable. */
public final class MoeloraChatOptions extends DefaultChatOptions {
    /** None is given. */
    public static final MoeloraChatOptions NONE = builder().build();

    private final Own own;

    /** Those that Spring AI does not know. */
    private record Own(
            @Nullable Double minP,
            @Nullable Double repetitionPenalty,
            @Nullable Map<Integer, Double> logitBias,
            @Nullable Long seed,
            @Nullable Duration deadline,
            @Nullable String task) {
        static final Own NONE = new Own(null, null, null, null, null, null);

        Own over(Own other) {
            return new Own(
                    first(minP, other.minP),
                    first(repetitionPenalty, other.repetitionPenalty),
                    first(logitBias, other.logitBias),
                    first(seed, other.seed),
                    first(deadline, other.deadline),
                    first(task, other.task));
        }

        private static <T> @Nullable T first(@Nullable T one, @Nullable T other) {
            return one == null ? other : one;
        }
    }

    private MoeloraChatOptions(Builder builder) {
        super(
                builder.model(),
                builder.frequencyPenalty(),
                builder.maxTokens(),
                builder.presencePenalty(),
                builder.stopSequences(),
                builder.temperature(),
                builder.topK(),
                builder.topP());
        own = builder.own;
    }

    /** None given yet. */
    public static Builder builder() {
        return new Builder();
    }

    /** {@link org.moelora.model.Request.Builder#minP}. */
    public @Nullable Double getMinP() {
        return own.minP;
    }

    /** {@link org.moelora.model.Request.Builder#repetitionPenalty}. */
    public @Nullable Double getRepetitionPenalty() {
        return own.repetitionPenalty;
    }

    /** {@link org.moelora.model.Request.Builder#logitBias}. */
    public @Nullable Map<Integer, Double> getLogitBias() {
        return own.logitBias;
    }

    /** {@link org.moelora.model.Request.Builder#seed}. */
    public @Nullable Long getSeed() {
        return own.seed;
    }

    /** {@link org.moelora.model.Request.Builder#deadline}. */
    public @Nullable Duration getDeadline() {
        return own.deadline;
    }

    /** {@link org.moelora.model.Request.Builder#task}. */
    public @Nullable String getTask() {
        return own.task;
    }

    @Override
    public Builder mutate() {
        return builder().combineWith(this);
    }

    /** These, and where they do not say it what the others say. */
    MoeloraChatOptions over(MoeloraChatOptions others) {
        return others.mutate().combineWith(this).build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof MoeloraChatOptions that && common(this).equals(common(that)) && own.equals(that.own);
    }

    @Override
    public int hashCode() {
        return Objects.hash(common(this), own);
    }

    @Override
    public String toString() {
        return "MoeloraChatOptions" + common(this) + own;
    }

    private static List<@Nullable Object> common(ChatOptions options) {
        return Arrays.asList(
                options.getModel(),
                options.getFrequencyPenalty(),
                options.getMaxTokens(),
                options.getPresencePenalty(),
                options.getStopSequences(),
                options.getTemperature(),
                options.getTopK(),
                options.getTopP());
    }

    /** Options as they are given. Used by one thread. */
    public static final class Builder extends DefaultChatOptionsBuilder<Builder> {
        private Own own = Own.NONE;

        private Builder() {}

        private @Nullable String model() {
            return model;
        }

        private @Nullable Double frequencyPenalty() {
            return frequencyPenalty;
        }

        private @Nullable Integer maxTokens() {
            return maxTokens;
        }

        private @Nullable Double presencePenalty() {
            return presencePenalty;
        }

        private @Nullable List<String> stopSequences() {
            return stopSequences;
        }

        private @Nullable Double temperature() {
            return temperature;
        }

        private @Nullable Integer topK() {
            return topK;
        }

        private @Nullable Double topP() {
            return topP;
        }

        /** {@link org.moelora.model.Request.Builder#minP}. */
        public Builder minP(@Nullable Double value) {
            own = new Own(value, own.repetitionPenalty, own.logitBias, own.seed, own.deadline, own.task);
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#repetitionPenalty}. */
        public Builder repetitionPenalty(@Nullable Double value) {
            own = new Own(own.minP, value, own.logitBias, own.seed, own.deadline, own.task);
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#logitBias}. */
        public Builder logitBias(@Nullable Map<Integer, Double> byToken) {
            Map<Integer, Double> copy = byToken == null ? null : Map.copyOf(byToken);
            own = new Own(own.minP, own.repetitionPenalty, copy, own.seed, own.deadline, own.task);
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#seed}. */
        public Builder seed(@Nullable Long value) {
            own = new Own(own.minP, own.repetitionPenalty, own.logitBias, value, own.deadline, own.task);
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#deadline}. */
        public Builder deadline(@Nullable Duration time) {
            own = new Own(own.minP, own.repetitionPenalty, own.logitBias, own.seed, time, own.task);
            return this;
        }

        /** {@link org.moelora.model.Request.Builder#task}. */
        public Builder task(@Nullable String name) {
            own = new Own(own.minP, own.repetitionPenalty, own.logitBias, own.seed, own.deadline, name);
            return this;
        }

        /** Takes what other options say, over what is said here. */
        Builder combineWith(ChatOptions others) {
            if (others.getModel() != null) {
                model(others.getModel());
            }
            if (others.getFrequencyPenalty() != null) {
                frequencyPenalty(others.getFrequencyPenalty());
            }
            if (others.getMaxTokens() != null) {
                maxTokens(others.getMaxTokens());
            }
            if (others.getPresencePenalty() != null) {
                presencePenalty(others.getPresencePenalty());
            }
            if (others.getStopSequences() != null) {
                stopSequences(others.getStopSequences());
            }
            if (others.getTemperature() != null) {
                temperature(others.getTemperature());
            }
            if (others.getTopK() != null) {
                topK(others.getTopK());
            }
            if (others.getTopP() != null) {
                topP(others.getTopP());
            }
            if (others instanceof MoeloraChatOptions that) {
                own = that.own.over(own);
            }
            return this;
        }

        @Override
        public Builder combineWith(ChatOptions.Builder<?> other) {
            super.combineWith(other);
            if (other instanceof Builder that) {
                own = that.own.over(own);
            }
            return this;
        }

        @Override
        public MoeloraChatOptions build() {
            return new MoeloraChatOptions(this);
        }
    }
}
