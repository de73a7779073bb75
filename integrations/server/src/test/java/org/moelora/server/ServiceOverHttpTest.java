package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.io.Json;
import org.moelora.io.JsonWriter;
import org.moelora.model.Decoder;
import org.moelora.model.Request;

/**
 * A server as it is used: 16 clients, four adapters that are replaced meanwhile, clients that go, times that run out and requests that are too large. {@code -Dmoelora.service.minutes=60}
 * runs it for an hour; without it each client makes a few requests.
 */
class ServiceOverHttpTest {
    private static final int CLIENTS = 16;
    private static final int PROMPTS = 6;
    private static final int FEW = 5;
    private static final int MINUTES = Integer.getInteger("moelora.service.minutes", 0);
    private static final List<String> ADAPTERS = List.of("a", "b", "c", "d");
    private static final String TEXT = "/v1/completions";

    @TempDir
    private Path root;

    private final Map<String, String> expected = new HashMap<>();
    private final AtomicInteger answers = new AtomicInteger();
    private final AtomicInteger cut = new AtomicInteger();
    private final AtomicInteger swaps = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();

    private static String prompt(int number) {
        return "Tom takes a kettle and " + number + " cups. ".repeat(1 + 2 * number) + "What is that good for?";
    }

    private static int tokens(int number) {
        return 4 + 3 * number;
    }

    private static String body(String adapter, int number, String more) {
        return "{\"model\":\"" + adapter + "\",\"temperature\":0,\"logit_bias\":{\"1\":-100},\"max_tokens\":"
                + tokens(number) + ",\"prompt\":" + JsonWriter.line(prompt(number)) + more + "}";
    }

    private void answerAlone() {
        Served.adapters(root);
        try (Decoder base = Decoder.load(Served.TINY)) {
            Served.adapter(base, root.resolve("d"), Served.MIXTURE, 4);
            for (String name : ADAPTERS) {
                try (Adapter adapter = Adapter.load(root.resolve(name), base)) {
                    for (int p = 0; p < PROMPTS; p++) {
                        Request request = Request.of(prompt(p))
                                .maxTokens(tokens(p))
                                .logitBias(Map.of(1, -100.0))
                                .build();
                        expected.put(
                                name + p, base.with(adapter).complete(request).text());
                    }
                }
            }
        }
    }

    @Test
    void everyAnswerIsTheOneAloneAndNothingIsLeft() throws Exception {
        answerAlone();
        try (Served served = new Served(builder -> {
                    ADAPTERS.forEach(name -> builder.adapter(name, root.resolve(name)));
                    return builder.adapterRoot(root)
                            .engine(engine -> engine.batch(6).queue(12).chunk(32));
                });
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            long leased = served.base.device().memoryUse().total();
            long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
            List<Future<?>> all = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                int number = c;
                all.add(clients.submit(() -> {
                    client(served, number, end);
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
            Served.await(
                    () -> served.server.load().running() + served.server.load().waiting() == 0);
            long left = served.base.device().memoryUse().total()
                    - served.server.load().cacheBytes();
            assertThat((double) left).isBetween(0.95 * leased, 1.05 * leased);
            assertThat(answers.get()).isPositive();
            assertThat(cut.get()).isPositive();
            assertThat(swaps.get()).isPositive();
            assertThat(refused.get()).isPositive();
            served.server.close();
            try (Decoder alone = Decoder.load(Served.TINY)) {
                assertThat(served.base.device().memoryUse().total())
                        .isEqualTo(alone.device().memoryUse().total());
            }
        }
    }

    private void client(Served served, int number, long end) throws IOException {
        Random random = new Random(number);
        for (int i = 0; MINUTES > 0 ? System.nanoTime() < end : i < FEW; i++) {
            String adapter = ADAPTERS.get(random.nextInt(ADAPTERS.size()));
            int prompt = random.nextInt(PROMPTS);
            String whole = expected.get(adapter + prompt);
            switch ((i + number) % FEW) {
                case 0 -> {
                    assertThat(answered(served, body(adapter, prompt, ""))).isEqualTo(whole);
                    answers.incrementAndGet();
                }
                case 1 -> {
                    assertThat(streamed(answeredBody(served, body(adapter, prompt, ",\"stream\":true"))))
                            .isEqualTo(whole);
                    answers.incrementAndGet();
                }
                case 2 -> leaves(served, body(adapter, prompt, ",\"stream\":" + random.nextBoolean()), random);
                case 3 -> {
                    String some = answered(
                            served, body(adapter, prompt, ",\"timeout\":" + (1 + random.nextInt(100)) / 1000.0));
                    assertThat(whole).startsWith(some);
                    cut.incrementAndGet();
                }
                default -> {
                    assertThat(served.post(TEXT, body(adapter, prompt, ",\"n\":100"))
                                    .statusCode())
                            .isIn(400, 429);
                    refused.incrementAndGet();
                    served.ok(
                            "/v1/load_lora_adapter",
                            "{\"lora_name\":\"" + adapter + "\",\"lora_path\":\"" + adapter
                                    + "\",\"load_inplace\":true}");
                    swaps.incrementAndGet();
                }
            }
        }
    }

    /** Tries again where the queue is full. */
    private String answeredBody(Served served, String body) {
        while (true) {
            HttpResponse<String> response = served.post(TEXT, body);
            if (response.statusCode() == 200) {
                return response.body();
            }
            assertThat(response.statusCode()).as(response.body()).isEqualTo(429);
            refused.incrementAndGet();
            LockSupport.parkNanos(5_000_000);
        }
    }

    private String answered(Served served, String body) {
        return Json.parse(answeredBody(served, body), "answer")
                .array("choices")
                .object(0)
                .string("text");
    }

    private static String streamed(String events) {
        return events.lines()
                .filter(line -> line.startsWith("data: {"))
                .flatMap(line -> Json.parse(line.substring(6), "event").array("choices").objects().stream())
                .map(choice -> choice.string("text"))
                .collect(Collectors.joining());
    }

    /** Asks and goes, at once or with the first bytes of the answer. */
    private static void leaves(Served served, String body, Random random) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        try (Socket socket =
                new Socket(served.server.uri().getHost(), served.server.uri().getPort())) {
            socket.getOutputStream()
                    .write(("POST " + TEXT
                                    + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                                    + bytes.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().write(bytes);
            if (random.nextBoolean()) {
                assertThat(socket.getInputStream().read()).isEqualTo('H');
            }
        }
    }
}
