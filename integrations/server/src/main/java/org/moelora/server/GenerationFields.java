package org.moelora.server;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.io.JsonObject;
import org.moelora.model.Request;

/** The fields that chats and completions have in common: how a text is written. */
final class GenerationFields {
    private static final int MOST_CHOICES = 128;

    private GenerationFields() {}

    /**
     * Takes the fields over into a request.
     *
     * @param maxTokens if the request does not say it
     * @param longest most time for an answer
     */
    static void apply(Fields fields, Request.Builder request, int maxTokens, Duration longest) {
        request.maxTokens(maxTokens)
                .temperature(number(fields, "temperature", 1, 0, 2))
                .topP(fields.number("top_p", 1))
                .topK(topK(fields))
                .minP(fields.number("min_p", 0))
                .repetitionPenalty(fields.number("repetition_penalty", 1))
                .presencePenalty(number(fields, "presence_penalty", 0, -2, 2))
                .frequencyPenalty(number(fields, "frequency_penalty", 0, -2, 2))
                .logitBias(logitBias(fields))
                .stop(fields.strings("stop"))
                .seed(
                        fields.has("seed")
                                ? fields.longInteger("seed")
                                : ThreadLocalRandom.current().nextLong())
                .texts(texts(fields))
                .deadline(deadline(fields, longest));
        held(fields, request);
        if (fields.has("task")) {
            request.task(fields.string("task"));
        }
    }

    /** What the text is held to, in OpenAI's words or in vLLM's. */
    private static void held(Fields fields, Request.Builder request) {
        List<String> given = Stream.of("response_format", "guided_json", "guided_regex", "guided_choice")
                .filter(fields::has)
                .toList();
        if (given.size() > 1) {
            throw ApiException.invalid(
                    given.get(1), "fields " + String.join(" and ", given) + " are given; expected one of them");
        }
        if (given.isEmpty()) {
            return;
        }
        String name = given.getFirst();
        try {
            switch (name) {
                case "guided_json" ->
                    request.jsonSchema(
                            fields.get(name) instanceof String text
                                    ? text
                                    : fields.object(name).toString());
                case "guided_regex" -> request.regex(fields.string(name));
                case "guided_choice" -> request.choices(fields.strings(name));
                default -> format(fields.object(name), request);
            }
        } catch (UnsupportedFeature e) {
            throw ApiException.unsupported(name, String.valueOf(e.getMessage()));
        } catch (InputException e) {
            throw ApiException.invalid(name, String.valueOf(e.getMessage()));
        }
    }

    private static void format(JsonObject format, Request.Builder request) {
        Fields inner = new Fields(format);
        switch (inner.string("type")) {
            case "text" -> {}
            case "json_object" -> request.json();
            case "json_schema" -> {
                Fields schema = new Fields(inner.object("json_schema"));
                request.jsonSchema(schema.object("schema").toString());
                schema.ignore("name", "description", "strict");
                schema.complete();
            }
            default -> throw format.error("type", "text, json_object or json_schema");
        }
        inner.complete();
    }

    static double number(Fields fields, String name, double otherwise, double least, double most) {
        double value = fields.number(name, otherwise);
        if (!(value >= least && value <= most)) {
            throw ApiException.invalid(
                    name, "field \"" + name + "\" is " + value + "; expected " + shown(least) + " to " + shown(most));
        }
        return value;
    }

    private static String shown(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    static int integer(Fields fields, String name, int otherwise, int least, int most) {
        int value = fields.integer(name, otherwise);
        if (value < least || value > most) {
            throw ApiException.invalid(
                    name, "field \"" + name + "\" is " + value + "; expected " + least + " to " + most);
        }
        return value;
    }

    /** -1 stands for all, as 0 does. */
    private static int topK(Fields fields) {
        return integer(fields, "top_k", 0, -1, Integer.MAX_VALUE) == -1 ? 0 : fields.integer("top_k", 0);
    }

    private static int texts(Fields fields) {
        return integer(fields, "n", 1, 1, MOST_CHOICES);
    }

    private static Duration deadline(Fields fields, Duration longest) {
        if (!fields.has("timeout")) {
            return longest;
        }
        double seconds = fields.number("timeout");
        if (!(seconds > 0)) {
            throw ApiException.invalid("timeout", "field \"timeout\" is " + seconds + "; expected more than 0 seconds");
        }
        double most = longest.toNanos() / 1e9;
        return Duration.ofNanos(Math.max(1, (long) (Math.min(seconds, most) * 1e9)));
    }

    private static Map<Integer, Double> logitBias(Fields fields) {
        Map<Integer, Double> biases = new HashMap<>();
        if (fields.has("logit_bias")) {
            JsonObject given = fields.object("logit_bias");
            for (String token : given.names()) {
                try {
                    biases.put(Integer.parseInt(token), given.number(token));
                } catch (NumberFormatException e) {
                    throw ApiException.invalid(
                            "logit_bias",
                            "field \"logit_bias\" has the name \"" + token + "\"; expected a token's number");
                } catch (InputException e) {
                    throw ApiException.invalid("logit_bias", "invalid_type", String.valueOf(e.getMessage()));
                }
            }
        }
        return biases;
    }
}
