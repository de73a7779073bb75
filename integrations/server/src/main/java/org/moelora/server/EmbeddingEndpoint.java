package org.moelora.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonWriter;
import org.moelora.model.Pooling;
import org.moelora.model.TextEmbedding;
import org.moelora.server.http.Exchange;

/** {@code /v1/embeddings}: mean-pooled hidden states of length 1. */
final class EmbeddingEndpoint {
    private static final int MOST_TEXTS = 2048;

    private final ServedModels models;
    private final Passes passes;

    EmbeddingEndpoint(ServedModels models, Passes passes) {
        this.models = models;
        this.passes = passes;
    }

    void embed(Exchange exchange) throws IOException {
        Fields fields = Fields.of(exchange.request().body());
        List<String> texts = fields.strings("input");
        if (texts.isEmpty() || texts.size() > MOST_TEXTS) {
            throw ApiException.invalid(
                    "input", "field \"input\" has " + texts.size() + " texts; expected 1 to " + MOST_TEXTS);
        }
        String encoding = fields.string("encoding_format", "float");
        if (!encoding.equals("float") && !encoding.equals("base64")) {
            throw ApiException.invalid(
                    "encoding_format", "field \"encoding_format\" is \"" + encoding + "\"; expected float or base64");
        }
        int hidden = models.decoder().config().hiddenSize();
        fields.refuseUnless("dimensions", "is not the model's; expected " + hidden, String.valueOf(hidden));
        fields.ignore("user");
        String model = fields.string("model");
        fields.complete();
        try (ServedModels.Lease lease = models.lease(model)) {
            List<TextEmbedding> embeddings = passes.run(() -> lease.view().embed(texts, Pooling.MEAN));
            exchange.respond(
                    200,
                    "application/json",
                    Answers.utf8(JsonWriter.line(body(lease.name(), embeddings, encoding.equals("base64")))));
        }
    }

    private static Map<String, @Nullable Object> body(String model, List<TextEmbedding> embeddings, boolean base64) {
        List<Map<String, @Nullable Object>> data = new ArrayList<>();
        int tokens = 0;
        for (TextEmbedding embedding : embeddings) {
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("object", "embedding");
            one.put("index", data.size());
            one.put("embedding", base64 ? base64(embedding.toArray()) : embedding.toArray());
            data.add(one);
            tokens += embedding.tokens();
        }
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("object", "list");
        body.put("data", data);
        body.put("model", model);
        body.put("usage", Map.of("prompt_tokens", tokens, "total_tokens", tokens));
        return body;
    }

    /** Little-endian floats. */
    private static String base64(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
