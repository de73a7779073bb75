package org.moelora.server;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Completion;
import org.moelora.text.Tokenizer;

/** Log-probabilities of a text's tokens, with the tokens as text. */
final class TokenTexts {
    private final @Nullable Tokenizer tokenizer;

    TokenTexts(@Nullable Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    private byte[] bytes(int id) {
        return tokenizer == null ? new byte[0] : tokenizer.bytes(id);
    }

    private String text(int id) {
        return new String(bytes(id), StandardCharsets.UTF_8);
    }

    /** Those tokens that begin within what was shown, and not in a stop sequence behind it. */
    private List<Completion.TokenLogProbability> shown(Completion completion) {
        int bytes = completion.text().getBytes(StandardCharsets.UTF_8).length;
        List<Completion.TokenLogProbability> shown = new ArrayList<>();
        int at = 0;
        for (Completion.TokenLogProbability each : completion.logProbabilities()) {
            if (at >= bytes) {
                break;
            }
            shown.add(each);
            at += bytes(each.id()).length;
        }
        return shown;
    }

    /** As chats have them. */
    Map<String, @Nullable Object> ofChat(Completion completion) {
        List<Map<String, @Nullable Object>> content = new ArrayList<>();
        for (Completion.TokenLogProbability each : shown(completion)) {
            Map<String, @Nullable Object> token = ofChat(each.id(), each.logProbability());
            token.put(
                    "top_logprobs",
                    each.top().stream()
                            .map(other -> ofChat(other.id(), other.logProbability()))
                            .toList());
            content.add(token);
        }
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("content", content);
        all.put("refusal", null);
        return all;
    }

    private Map<String, @Nullable Object> ofChat(int id, double logProbability) {
        Map<String, @Nullable Object> token = new LinkedHashMap<>();
        token.put("token", text(id));
        token.put("logprob", logProbability);
        byte[] bytes = bytes(id);
        int[] values = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i] & 0xff;
        }
        token.put("bytes", values);
        return token;
    }

    /** As completions have them. */
    Map<String, @Nullable Object> ofText(Completion completion) {
        List<String> tokens = new ArrayList<>();
        List<Double> logProbabilities = new ArrayList<>();
        List<Map<String, Double>> top = new ArrayList<>();
        List<Integer> offsets = new ArrayList<>();
        int at = 0;
        for (Completion.TokenLogProbability each : shown(completion)) {
            String text = text(each.id());
            tokens.add(text);
            logProbabilities.add(each.logProbability());
            Map<String, Double> others = new LinkedHashMap<>();
            each.top().forEach(other -> others.putIfAbsent(text(other.id()), other.logProbability()));
            top.add(others);
            offsets.add(at);
            at += text.length();
        }
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("tokens", tokens);
        all.put("token_logprobs", logProbabilities);
        all.put("top_logprobs", top);
        all.put("text_offset", offsets);
        return all;
    }
}
