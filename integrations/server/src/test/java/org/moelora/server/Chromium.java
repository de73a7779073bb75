package org.moelora.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/** A page in a browser without a window, over its DevTools protocol. */
final class Chromium implements AutoCloseable {
    private final Process process;
    private final WebSocket socket;
    private final BlockingQueue<JsonObject> answers = new LinkedBlockingQueue<>();
    private int calls;

    /** Where the browser is, if there is one. */
    static Optional<Path> program() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    Chromium(Path program, Path profile, URI page) throws IOException, InterruptedException {
        process = new ProcessBuilder(
                        program.toString(),
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--window-size=1100,700",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = said.readLine();
        while (!line.startsWith("DevTools listening on ws://")) {
            line = said.readLine();
        }
        Thread.ofVirtual().start(() -> said.lines().forEach(more -> {})); // else its pipe fills
        String host = line.substring("DevTools listening on ws://".length()).split("/")[0];
        try (HttpClient http = HttpClient.newHttpClient()) {
            String opened = http.send(
                            HttpRequest.newBuilder(URI.create("http://" + host + "/json/new?" + page))
                                    .PUT(HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            String url = Json.parse(opened, "target").string("webSocketDebuggerUrl");
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create(url), new Answers())
                    .join();
        }
    }

    private final class Answers implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                answers.add(Json.parse(text.toString(), "browser"));
                text.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }
    }

    private JsonObject call(String method, Map<String, ?> parameters) throws InterruptedException {
        int id = ++calls;
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("id", id);
        message.put("method", method);
        message.put("params", parameters);
        socket.sendText(JsonWriter.line(message), true).join();
        while (true) {
            JsonObject answer = answers.take();
            if (answer.has("id") && answer.integer("id") == id) {
                return answer.object("result");
            }
        }
    }

    /** The value of a script's expression, after its promise. */
    Object evaluate(String script) throws InterruptedException {
        JsonObject result =
                call("Runtime.evaluate", Map.of("expression", script, "awaitPromise", true, "returnByValue", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(result.toString());
        }
        return result.object("result").get("value");
    }

    /** Waits until an expression is true. */
    void await(String script) throws InterruptedException {
        while (!Boolean.TRUE.equals(evaluate(script))) {
            Thread.sleep(20);
        }
    }

    /** A picture, as PNG. */
    byte[] screenshot() throws InterruptedException {
        return Base64.getDecoder()
                .decode(call("Page.captureScreenshot", Map.of("format", "png")).string("data"));
    }

    @Override
    public void close() {
        socket.abort();
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        process.onExit().join();
        children.forEach(child -> child.onExit().join());
    }
}
