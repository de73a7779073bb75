package org.moelora.server;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.engine.InputException;
import org.moelora.io.JsonWriter;
import org.moelora.server.http.Exchange;

/** {@code /v1/models}, and adapters that come and go while the server runs. */
final class ModelEndpoints {
    static final String PATH = "/v1/models";

    private final ServedModels models;
    private final @Nullable Path root;

    /**
     * @param root the folder whose adapters may be loaded; null for none
     */
    ModelEndpoints(ServedModels models, @Nullable Path root) {
        this.models = models;
        this.root = root;
    }

    void list(Exchange exchange) throws IOException {
        List<Map<String, @Nullable Object>> data =
                models.served().stream().map(this::described).toList();
        respond(exchange, Map.of("object", "list", "data", data));
    }

    void one(Exchange exchange) throws IOException {
        String name;
        try {
            name = URLDecoder.decode(exchange.request().path().substring(PATH.length() + 1), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("model", "the model's name in the path is not URL-encoded");
        }
        ServedModels.Served found = models.served().stream()
                .filter(served -> served.name().equals(name))
                .findFirst()
                .orElseThrow(() -> ApiException.noModel(
                        name,
                        models.served().stream().map(ServedModels.Served::name).toList()));
        respond(exchange, described(found));
    }

    private Map<String, @Nullable Object> described(ServedModels.Served served) {
        Map<String, @Nullable Object> model = new LinkedHashMap<>();
        model.put("id", served.name());
        model.put("object", "model");
        model.put("created", served.since().getEpochSecond());
        model.put("owned_by", "moelora");
        model.put("max_model_len", models.decoder().config().maxPositions());
        Adapter adapter = served.adapter();
        if (adapter != null) {
            model.put("parent", models.base());
            model.put(
                    "moelora",
                    Map.of(
                            "method",
                            adapter.config().method(),
                            "rank",
                            adapter.config().rank(),
                            "experts",
                            adapter.config().experts(),
                            "router",
                            adapter.config().gate() == null
                                    ? "none"
                                    : adapter.config().router().id()));
        }
        return model;
    }

    /** {@code {"lora_name", "lora_path", "load_inplace"}}, as vLLM has it. */
    void load(Exchange exchange) throws IOException {
        Path within = root();
        Fields fields = Fields.of(exchange.request().body());
        String name = fields.string("lora_name");
        Path folder = folder(within, fields.string("lora_path"));
        boolean replaces = fields.flag("load_inplace", false);
        fields.complete();
        models.load(name, folder, replaces);
        respond(exchange, Map.of("object", "adapter", "id", name, "loaded", true));
    }

    /** {@code {"lora_name"}}. */
    void unload(Exchange exchange) throws IOException {
        root();
        Fields fields = Fields.of(exchange.request().body());
        String name = fields.string("lora_name");
        fields.complete();
        models.unload(name);
        respond(exchange, Map.of("object", "adapter", "id", name, "loaded", false));
    }

    private Path root() {
        if (root == null) {
            throw ApiException.of(
                    403,
                    "permission_error",
                    "adapters_fixed",
                    "adapters are fixed while this server runs; expected a start with --adapter-root");
        }
        return root;
    }

    /** A folder below the root, links followed. */
    private static Path folder(Path root, String path) {
        try {
            Path folder = root.resolve(path).toRealPath();
            if (folder.startsWith(root.toRealPath()) && Files.isDirectory(folder)) {
                return folder;
            }
        } catch (IOException | InvalidPathException e) {
            throw notThere(path, e);
        }
        throw notThere(path, null);
    }

    /** Does not say whether something is there that may not be read. */
    private static InputException notThere(String path, @Nullable Exception cause) {
        String sentence = "field \"lora_path\" is " + JsonWriter.line(path)
                + ", and there is no such folder below --adapter-root; expected an adapter's folder";
        return cause == null ? new InputException(sentence) : new InputException(sentence, cause);
    }

    private static void respond(Exchange exchange, Object body) throws IOException {
        exchange.respond(200, "application/json", Answers.utf8(JsonWriter.line(body)));
    }
}
