package org.moelora.model;

import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.grammar.Grammar;
import org.moelora.text.ChatMessage;
import org.moelora.text.Tool;

/**
 * A prompt, and how a text is to be written after it: for {@link LanguageModel#complete}. Immutable, so that several threads may use one.
 *
 * <pre>{@code
 * Completion answer = base.with(adapter).complete(Request.of("Q: 2 + 2?\nA:")
 *         .maxTokens(20)
 *         .stop("\n")
 *         .deadline(Duration.ofSeconds(5))
 *         .build());
 * }</pre>
 */
public final class Request {
    /** The most texts, stop sequences, choices and alternatives that one request may ask for. */
    static final int MOST = 128;

    private static final int MOST_TOKENS = 1 << 24;

    private final Builder values;

    private Request(Builder values) {
        this.values = values;
    }

    /** For a text to be continued. */
    public static Builder of(String prompt) {
        Builder builder = new Builder();
        builder.prompt = prompt;
        return builder;
    }

    /** For a conversation to be answered, as the model's chat template writes it, or without one as it is trained: see {@link Generation#tokens(List)}. */
    public static Builder ofMessages(List<ChatMessage> messages) {
        Builder builder = new Builder();
        builder.messages = List.copyOf(messages);
        return builder;
    }

    /** For a prompt that is tokens already. */
    public static Builder ofIds(int... ids) {
        Builder builder = new Builder();
        builder.ids = ids.clone();
        return builder;
    }

    /** A builder with the values of this request. */
    public Builder toBuilder() {
        return values.copy();
    }

    /** The prompt's tokens. */
    int[] tokens(LanguageModel model) {
        int[] ids = values.ids;
        if (ids != null) {
            return ids.clone();
        }
        Generation generation = Generation.of(model, GenerationOptions.GREEDY);
        LocalDate date = values.date;
        List<ChatMessage> messages = values.messages;
        return messages != null
                ? (date == null ? generation : generation.withDate(date)).tokens(messages, values.tools)
                : generation.tokens(values.prompt);
    }

    int maxTokens() {
        return values.maxTokens;
    }

    Sampling sampling() {
        return new Sampling(
                values.temperature,
                values.topK,
                values.topP,
                values.minP,
                values.repetitionPenalty,
                values.frequencyPenalty,
                values.presencePenalty,
                values.logitBias,
                values.seed);
    }

    List<String> stops() {
        return values.stops;
    }

    List<String> choices() {
        return values.choices;
    }

    List<Tool> tools() {
        return values.tools;
    }

    @Nullable Grammar grammar() {
        return values.grammar;
    }

    int texts() {
        return values.texts;
    }

    /** -1 for none. */
    int logProbabilities() {
        return values.logProbabilities;
    }

    @Nullable Duration deadline() {
        return values.deadline;
    }

    @Nullable Cancellation cancellation() {
        return values.cancellation;
    }

    @Nullable String task() {
        return values.task;
    }

    boolean beyondPositions() {
        return values.beyondPositions;
    }

    long maxMemory() {
        return values.maxMemory;
    }

    /** The values of a {@link Request}. Used by one thread. */
    public static final class Builder implements Cloneable {
        private String prompt = "";
        private int @Nullable [] ids;
        private @Nullable List<ChatMessage> messages;
        private int maxTokens = 256;
        private double temperature;
        private int topK;
        private double topP = 1;
        private double minP;
        private double repetitionPenalty = 1;
        private double frequencyPenalty;
        private double presencePenalty;
        private Map<Integer, Double> logitBias = Map.of();
        private long seed;
        private List<String> stops = List.of();
        private List<String> choices = List.of();
        private List<Tool> tools = List.of();
        private @Nullable Grammar grammar;
        private int texts = 1;
        private int logProbabilities = -1;
        private @Nullable Duration deadline;
        private @Nullable Cancellation cancellation;
        private @Nullable String task;
        private @Nullable LocalDate date;
        private boolean beyondPositions;
        private long maxMemory;

        private Builder() {}

        /** Most tokens to write, 1 to 16,777,216: 256. No text goes beyond the model's positions, whatever this says. */
        public Builder maxTokens(int most) {
            maxTokens = most;
            return this;
        }

        /** {@link Sampling#temperature}: 0. */
        public Builder temperature(double value) {
            temperature = value;
            return this;
        }

        /** {@link Sampling#topK}: 0, all. */
        public Builder topK(int value) {
            topK = value;
            return this;
        }

        /** {@link Sampling#topP}: 1, all. */
        public Builder topP(double value) {
            topP = value;
            return this;
        }

        /** {@link Sampling#minP}: 0, all. */
        public Builder minP(double value) {
            minP = value;
            return this;
        }

        /** {@link Sampling#repetitionPenalty}: 1, none. */
        public Builder repetitionPenalty(double value) {
            repetitionPenalty = value;
            return this;
        }

        /** {@link Sampling#frequencyPenalty}: 0. */
        public Builder frequencyPenalty(double value) {
            frequencyPenalty = value;
            return this;
        }

        /** {@link Sampling#presencePenalty}: 0. */
        public Builder presencePenalty(double value) {
            presencePenalty = value;
            return this;
        }

        /** {@link Sampling#logitBias}: none. */
        public Builder logitBias(Map<Integer, Double> byToken) {
            logitBias = Map.copyOf(byToken);
            return this;
        }

        /** Same seed, same text: 0. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** The text ends before the first of these that it would contain; at most 128, none of them empty. */
        public Builder stop(String... sequences) {
            return stop(List.of(sequences));
        }

        /** {@link #stop(String...)}. */
        public Builder stop(List<String> sequences) {
            stops = List.copyOf(sequences);
            return this;
        }

        /**
         * The text is one of these, at most 128 and none of them empty: only tokens that go on with one of them can be chosen. Each is written with the tokens that
         * the tokenizer makes of it alone.
         */
        public Builder choices(List<String> texts) {
            choices = List.copyOf(texts);
            return this;
        }

        /**
         * Tools that the answer to a conversation may call, at most 128: {@link Completion#toolCalls}. A model writes calls in its family's form, which is told by its chat template;
         * a form that is not read here is refused as an {@link org.moelora.engine.UnsupportedFeature} when the request is made.
         */
        public Builder tools(List<Tool> given) {
            tools = List.copyOf(given);
            return this;
        }

        /** The text is one JSON object: only tokens that go on with one can be chosen, and a token that ends texts only behind it. */
        public Builder json() {
            grammar = Grammar.json();
            return this;
        }

        /**
         * The text is JSON that is valid by a schema, of which {@code docs/generation.md} says what is read.
         *
         * @throws InputException if it is no schema, or nothing is valid by it
         * @throws org.moelora.engine.UnsupportedFeature naming a keyword that is not supported
         */
        public Builder jsonSchema(String schema) {
            grammar = Grammar.jsonSchema(schema);
            return this;
        }

        /**
         * The text is what a regular expression matches as a whole, as {@link java.util.regex.Pattern} does.
         *
         * @throws InputException if it is no expression, or matches nothing
         * @throws org.moelora.engine.UnsupportedFeature naming a construct that is not supported
         */
        public Builder regex(String expression) {
            grammar = Grammar.regex(expression);
            return this;
        }

        /** How many texts to write side by side, 1 to 128: 1. With a temperature of 0 they are equal. */
        public Builder texts(int count) {
            texts = count;
            return this;
        }

        /** Asks for the log-probability of every chosen token, and of so many of the most probable ones beside it, 0 to 128. */
        public Builder logProbabilities(int alternatives) {
            if (alternatives < 0) {
                throw new InputException("log-probabilities is " + alternatives + "; expected 0 to " + MOST);
            }
            logProbabilities = alternatives;
            return this;
        }

        /** The text ends when so much time has passed since the call, also while the prompt is being read. */
        public Builder deadline(Duration time) {
            deadline = time;
            return this;
        }

        /** Lets another thread end the text. Interrupting the thread that writes it does the same. */
        public Builder cancellation(Cancellation asked) {
            cancellation = asked;
            return this;
        }

        /** The prompt's task, for adapters with gates by task. */
        public Builder task(String name) {
            task = name;
            return this;
        }

        /** The date that the chat template writes: today unless set. */
        public Builder date(LocalDate day) {
            date = day;
            return this;
        }

        /**
         * Allows prompts and texts beyond the number of positions that the model was made for, where positions are not learned. They take memory and time, and
         * the answers are rarely good.
         */
        public Builder beyondPositions(boolean allowed) {
            beyondPositions = allowed;
            return this;
        }

        /** Most bytes that may be taken, model and adapter included; the request is refused if it might need more. 0, the default, is no limit. */
        public Builder maxMemory(long bytes) {
            maxMemory = bytes;
            return this;
        }

        /**
         * @throws InputException if a value is out of range
         */
        public Request build() {
            range("max-tokens", maxTokens, 1, MOST_TOKENS);
            range("the number of texts", texts, 1, MOST);
            range("log-probabilities", Math.max(0, logProbabilities), 0, MOST);
            range("the number of stop sequences", stops.size(), 0, MOST);
            range("the number of choices", choices.size(), 0, MOST);
            if (stops.stream().anyMatch(String::isEmpty)) {
                throw new InputException("a stop sequence is empty; expected at least one character");
            }
            if (choices.stream().anyMatch(String::isEmpty)) {
                throw new InputException("a choice is empty; expected at least one character");
            }
            range("the number of tools", tools.size(), 0, MOST);
            if (!tools.isEmpty() && messages == null) {
                throw new InputException("the request has tools and no messages; expected Request.ofMessages");
            }
            if (grammar != null && !choices.isEmpty()) {
                throw new InputException("the request has choices and a grammar; expected one of them");
            }
            Duration time = deadline;
            if (time != null && (time.isNegative() || time.isZero() || time.compareTo(Duration.ofDays(365)) > 0)) {
                throw new InputException("deadline is " + time + "; expected more than nothing, and at most a year");
            }
            if (maxMemory < 0) {
                throw new InputException("max-memory is " + maxMemory + "; expected 0 (no limit) or more bytes");
            }
            Request request = new Request(copy());
            Sampling checked = request.sampling();
            if (checked.logitBias().size() > 1024) {
                throw new InputException(
                        "logit-bias has " + checked.logitBias().size() + " tokens; expected at most 1024");
            }
            return request;
        }

        private static void range(String name, int value, int least, int most) {
            if (value < least || value > most) {
                throw new InputException(name + " is " + value + "; expected " + least + " to " + most);
            }
        }

        /** The values are immutable, so a copy of the fields is one of them. */
        private Builder copy() {
            try {
                return (Builder) clone();
            } catch (CloneNotSupportedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
