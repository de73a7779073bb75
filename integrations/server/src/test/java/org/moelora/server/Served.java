package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.model.Decoder;

/** The bundled model behind a server, with adapters of random numbers, and a client for it. */
final class Served implements AutoCloseable {
    static final Path TINY = Path.of("../../test-models/tiny");

    static final AdapterConfig LORA = LoraConfig.builder().rank(4).build();
    static final AdapterConfig MIXTURE =
            MoeLoraConfig.builder().experts(3).rank(2).topK(2).build();
    static final AdapterConfig BY_PROMPT = MoeLoraConfig.builder()
            .experts(3)
            .rank(2)
            .router(new Router.Prompt())
            .build();

    private final Set<Thread> before = threads();
    final Decoder base;
    final MoeloraServer server;
    final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Served(UnaryOperator<MoeloraServer.Builder> settings) {
        this(TINY, settings);
    }

    Served(Path model, UnaryOperator<MoeloraServer.Builder> settings) {
        base = Decoder.load(model);
        server = settings.apply(MoeloraServer.of(base)).open();
    }

    /** A folder with an adapter whose numbers are random. */
    static Path adapter(Decoder base, Path folder, AdapterConfig config, long seed) {
        try (Adapter adapter = Adapter.create(base, config, seed)) {
            Random random = new Random(seed);
            adapter.parameters().parameters().forEach(parameter -> {
                float[] values = parameter.toArray();
                for (int i = 0; i < values.length; i++) {
                    values[i] += (float) random.nextGaussian() * 0.3f;
                }
                parameter.set(values);
            });
            adapter.save(folder);
        }
        return folder;
    }

    /** Adapters a, b and c of three kinds in a folder. */
    static Path adapters(Path root) {
        try (Decoder base = Decoder.load(TINY)) {
            adapter(base, root.resolve("a"), LORA, 1);
            adapter(base, root.resolve("b"), MIXTURE, 2);
            adapter(base, root.resolve("c"), BY_PROMPT, 3);
        }
        return root;
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(server.uri() + path));
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<String> get(String path) {
        return send(to(path).build());
    }

    static HttpRequest.Builder json(HttpRequest.Builder request, String body) {
        return request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
    }

    HttpResponse<String> post(String path, String body) {
        return send(json(to(path), body).build());
    }

    /** The answer to what has to be answered. */
    JsonObject ok(String path, String body) {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Json.parse(response.body(), "answer");
    }

    /** The events of a stream, without the last one, which is DONE. */
    List<JsonObject> events(String path, String body) {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
        List<String> data = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            assertThat(event).startsWith("data: ").doesNotContain("\n");
            data.add(event.substring(6));
        }
        assertThat(data.removeLast()).isEqualTo("[DONE]");
        return data.stream().map(each -> Json.parse(each, "event")).toList();
    }

    /** The value of a metric; several with labels are added up. */
    double metric(String name) {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .collect(Collectors.summingDouble(
                        line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))));
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("moelora-(generation|delivery|listener)"))
                .collect(Collectors.toSet());
    }

    /** Waits for what comes. */
    static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        client.close();
        server.close();
        base.close();
        assertThat(threads()).isSubsetOf(before);
    }
}
