package org.moelora.bench.serve;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.moelora.engine.InputException;
import org.moelora.io.JsonWriter;

/** llama.cpp's {@code llama-server}, as a process of its own. */
final class LlamaServer implements Service {
    private static final Duration START = Duration.ofMinutes(2);

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final URI address;

    /**
     * Starts it and waits until the model is loaded.
     *
     * @param program where it is
     * @param model a GGUF file
     * @param slots texts at a time
     * @param context tokens of each
     */
    LlamaServer(Path program, Path model, int threads, int slots, int context, Path log) {
        int port = freePort();
        address = URI.create("http://127.0.0.1:" + port);
        List<String> command = List.of(
                program.toString(),
                "--model",
                model.toString(),
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--threads",
                Integer.toString(threads),
                "--threads-batch",
                Integer.toString(threads),
                "--parallel",
                Integer.toString(slots),
                "--ctx-size",
                Integer.toString(slots * context));
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new InputException(
                    "LLAMA_SERVER is " + program + ", which does not start; expected llama.cpp's llama-server", e);
        }
        try {
            awaitHealth(log);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no port is free", e);
        }
    }

    private void awaitHealth(Path log) {
        long end = System.nanoTime() + START.toNanos();
        HttpRequest request =
                HttpRequest.newBuilder(address.resolve("/health")).GET().build();
        while (System.nanoTime() < end && process.isAlive()) {
            try {
                if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
                Thread.sleep(200);
            } catch (IOException e) {
                pause(); // not listening yet
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
        throw new InputException("llama-server does not answer; what it says stands in " + log
                + "; expected a GGUF file that it can load");
    }

    private static void pause() {
        try {
            Thread.sleep(200);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted", e);
    }

    @Override
    public Answer ask(int[] prompt, int tokens) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("prompt", prompt);
        body.put("n_predict", tokens);
        body.put("temperature", 0);
        body.put("ignore_eos", true);
        body.put("cache_prompt", false);
        body.put("stream", true);
        HttpRequest request = HttpRequest.newBuilder(address.resolve("/completion"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JsonWriter.line(body)))
                .build();
        long begin = System.nanoTime();
        long first = 0;
        int count = 0;
        try {
            var response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("data: ") && line.contains("\"stop\":false")) {
                        first = count++ == 0 ? System.nanoTime() - begin : first;
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("llama-server did not answer", e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        return new Answer(first, System.nanoTime() - begin, count);
    }

    @Override
    public void close() {
        client.close();
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
