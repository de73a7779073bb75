package org.moelora.server;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.model.Request;
import org.moelora.server.http.Exchange;

/** {@code /v1/chat/completions} and {@code /v1/completions}. */
final class TextEndpoints {
    private static final int MOST_PROMPTS = 64;

    private final ServedModels models;
    private final Answers answers;
    private final int maxTokens;
    private final Duration longest;

    /**
     * @param maxTokens of a chat's answer, if the request does not say it
     * @param longest most time for an answer
     */
    TextEndpoints(ServedModels models, Answers answers, int maxTokens, Duration longest) {
        this.models = models;
        this.answers = answers;
        this.maxTokens = maxTokens;
        this.longest = longest;
    }

    void chat(Exchange exchange) throws IOException {
        Fields fields = Fields.of(exchange.request().body());
        int limit = tokenLimit(fields);
        boolean logProbabilities = fields.flag("logprobs", false);
        int top = GenerationFields.integer(fields, "top_logprobs", 0, 0, 20);
        if (top > 0 && !logProbabilities) {
            throw ApiException.invalid(
                    "top_logprobs", "field \"top_logprobs\" is " + top + " without logprobs; expected logprobs true");
        }
        Request.Builder request = Request.ofMessages(ChatFields.messages(fields));
        GenerationFields.apply(fields, request, limit, longest);
        if (logProbabilities) {
            request.logProbabilities(top);
        }
        unsupported(fields);
        request.tools(ChatFields.tools(fields));
        fields.refuseUnless("functions", "is not supported here; expected a request without it", "[]");
        fields.refuseUnless("function_call", "is not supported here; expected none", "none", "auto");
        fields.refuseUnless("modalities", "is more than text; expected [\"text\"]", "[\"text\"]");
        fields.ignore("parallel_tool_calls");
        AnswerFormat format = new AnswerFormat.Chat(logProbabilities ? tokenTexts() : null);
        answer(exchange, fields, List.of(request.build()), format);
    }

    /** The newer name and the older one. */
    private int tokenLimit(Fields fields) {
        boolean newer = fields.has("max_completion_tokens");
        boolean older = fields.has("max_tokens");
        if (newer && older && fields.integer("max_completion_tokens") != fields.integer("max_tokens")) {
            throw ApiException.invalid(
                    "max_tokens",
                    "field \"max_tokens\" is not max_completion_tokens, which is the same limit; expected one of them");
        }
        String name = newer ? "max_completion_tokens" : "max_tokens";
        return GenerationFields.integer(fields, name, maxTokens, 1, 1 << 24);
    }

    void text(Exchange exchange) throws IOException {
        Fields fields = Fields.of(exchange.request().body());
        int limit = GenerationFields.integer(fields, "max_tokens", 16, 1, 1 << 24);
        int logProbabilities = GenerationFields.integer(fields, "logprobs", -1, -1, 20);
        List<Request> requests = new ArrayList<>();
        for (Request.Builder prompt : prompts(fields)) {
            GenerationFields.apply(fields, prompt, limit, longest);
            if (logProbabilities >= 0) {
                prompt.logProbabilities(logProbabilities);
            }
            requests.add(prompt.build());
        }
        unsupported(fields);
        fields.refuseUnless("echo", "is not supported here; expected false", false);
        fields.refuseUnless("suffix", "is not supported here; expected a request without it", "");
        fields.refuseUnless(
                "best_of",
                "is not supported here; expected as many as n",
                fields.has("n") ? String.valueOf(fields.get("n")) : "1");
        answer(exchange, fields, requests, new AnswerFormat.Text(logProbabilities >= 0 ? tokenTexts() : null));
    }

    private static List<Request.Builder> prompts(Fields fields) {
        Object prompt = fields.get("prompt");
        if (prompt instanceof String text) {
            return List.of(Request.of(text));
        }
        List<Request.Builder> prompts = new ArrayList<>();
        if (prompt instanceof JsonArray all && all.size() > 0) {
            try {
                if (all.get(0) instanceof Number) {
                    return List.of(Request.ofIds(all.integers()));
                }
                for (int i = 0; i < all.size(); i++) {
                    prompts.add(
                            all.get(i) instanceof JsonArray ids
                                    ? Request.ofIds(ids.integers())
                                    : Request.of(all.string(i)));
                }
            } catch (InputException e) {
                throw ApiException.invalid("prompt", "invalid_type", String.valueOf(e.getMessage()));
            }
        }
        if (prompts.isEmpty() || prompts.size() > MOST_PROMPTS) {
            throw ApiException.invalid(
                    "prompt", "field \"prompt\" is not 1 to " + MOST_PROMPTS + " texts, or lists of tokens");
        }
        return prompts;
    }

    /** What would change an answer, and is not there. */
    private static void unsupported(Fields fields) {
        for (String name : List.of("audio", "prediction", "reasoning_effort", "verbosity", "web_search_options")) {
            fields.refuseUnless(name, "is not supported here; expected a request without it");
        }
        fields.refuseUnless("store", "is not supported here; expected false", false);
        fields.ignore("user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key");
    }

    private TokenTexts tokenTexts() {
        return new TokenTexts(models.decoder().tokenizer());
    }

    private void answer(Exchange exchange, Fields fields, List<Request> requests, AnswerFormat format)
            throws IOException {
        boolean stream = fields.flag("stream", false);
        boolean usage = false;
        if (fields.has("stream_options")) {
            if (!stream) {
                throw ApiException.invalid(
                        "stream_options", "field \"stream_options\" is given without stream; expected stream true");
            }
            usage = usage(fields.object("stream_options"));
        }
        boolean experts = fields.flag("experts", false);
        String model = adapter(fields, fields.string("model"));
        fields.complete();
        try (ServedModels.Lease lease = models.lease(model)) {
            answers.answer(
                    exchange,
                    new Answers.Asked(
                            lease.name(),
                            lease.view(),
                            requests,
                            fields.integer("n", 1),
                            stream,
                            usage,
                            format,
                            fields.ignored(),
                            experts));
        }
    }

    private static boolean usage(JsonObject options) {
        Fields inner = new Fields(options);
        boolean usage = inner.flag("include_usage", false);
        inner.ignore("include_obfuscation");
        inner.complete();
        return usage;
    }

    /** The model's name, or that of the one adapter that {@code lora} names in llama.cpp's way. */
    private String adapter(Fields fields, String model) {
        if (!fields.has("lora")) {
            return model;
        }
        models.lease(model).close(); // the name has to be one
        String chosen = null;
        for (JsonObject each : fields.objects("lora")) {
            Fields entry = new Fields(each);
            String name = entry.get("id") instanceof String text ? text : models.adapter(entry.integer("id"));
            double scale = entry.number("scale", 1);
            entry.complete();
            if (scale == 0) {
                continue;
            }
            if (scale != 1 || chosen != null) {
                throw ApiException.unsupported(
                        "lora",
                        "field \"lora\" asks for "
                                + (chosen != null ? "several adapters at once" : "the scale " + scale)
                                + "; expected one adapter of the scale 1, or 0 for none");
            }
            chosen = name;
        }
        return chosen == null ? models.base() : chosen;
    }
}
