package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;

/**
 * A service as it is used: 16 clients, four adapters that are swapped meanwhile, cancellations, deadlines and requests that are too large. {@code -Dmoelora.service.seconds=3600} runs
 * it for an hour; without it each client makes a few requests.
 */
class ServiceTest {
    private static final int CLIENTS = 16;
    private static final int PROMPTS = 12;
    private static final int SECONDS = Integer.getInteger("moelora.service.seconds", 0);

    /** Memory comes from the system in pieces of so many bytes. */
    private static final long SLAB = 4L << 20;

    /** Without a time: requests of each client. */
    private static final int FEW = 6;

    private static final List<AdapterConfig> CONFIGS = List.of(
            LoraConfig.builder().rank(4).build(),
            MoeLoraConfig.builder().experts(3).rank(2).topK(2).build(),
            MoeLoraConfig.builder()
                    .experts(3)
                    .rank(2)
                    .router(new Router.Prompt())
                    .build(),
            MoeLoraConfig.builder()
                    .experts(2)
                    .rank(2)
                    .gate(new GatePolicy.Dense())
                    .build());

    private final AtomicInteger answers = new AtomicInteger();
    private final AtomicInteger stopped = new AtomicInteger();

    private static Adapter adapter(Decoder base, int number) {
        Adapter adapter = Adapter.create(base, CONFIGS.get(number), number);
        Random random = new Random(number);
        adapter.parameters().parameters().forEach(parameter -> {
            float[] values = parameter.toArray();
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) random.nextGaussian() * 0.05f;
            }
            parameter.set(values);
        });
        return adapter;
    }

    /** Prompts that begin alike, as those of a service with one system prompt do. */
    private static Request request(Decoder base, int number) {
        Random random = new Random(number % 3);
        int[] start = random.ints(40, 3, base.config().vocabularySize()).toArray();
        int[] ids = Arrays.copyOf(start, 12 + 5 * number);
        for (int i = start.length; i < ids.length; i++) {
            ids[i] = 3 + (number * 31 + i * 7) % 1000;
        }
        Map<Integer, Double> noEnds = new HashMap<>();
        base.eosIds().forEach(id -> noEnds.put(id, -100.0));
        return Request.ofIds(ids)
                .maxTokens(3 + number)
                .temperature(number % 2)
                .seed(number)
                .logitBias(noEnds)
                .build();
    }

    @Test
    void aServiceAnswersAsAloneAndLeavesNothingBehind() throws Exception {
        try (Decoder base = Decoder.load(Path.of("../test-models/tiny"));
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            AtomicReferenceArray<Adapter> adapters = new AtomicReferenceArray<>(CONFIGS.size());
            List<List<Completion>> expected = new ArrayList<>();
            for (int a = 0; a < CONFIGS.size(); a++) {
                adapters.set(a, adapter(base, a));
                List<Completion> ofAdapter = new ArrayList<>();
                for (int p = 0; p < PROMPTS; p++) {
                    ofAdapter.add(base.with(adapters.get(a)).complete(request(base, p)));
                }
                expected.add(ofAdapter);
            }
            long leased = base.device().memoryUse().total();
            base.device().trim();
            long reserved = base.device().memoryUse().reserved();
            try (GenerationEngine engine = GenerationEngine.of(base)
                    .batch(6)
                    .queue(CLIENTS)
                    .chunk(32)
                    .maxMemory(GenerationEngine.bytes(base, 256) * 4)
                    .open()) {
                long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
                List<Future<?>> all = new ArrayList<>();
                for (int c = 0; c < CLIENTS; c++) {
                    all.add(clients.submit(() -> client(base, engine, adapters, expected, end)));
                }
                for (Future<?> each : all) {
                    each.get();
                }
                assertThat(engine.load().running() + engine.load().waiting()).isZero();
                engine.trim();
                assertThat(base.device().memoryUse().total()).isEqualTo(leased);
                // Adapters that were swapped in may lie in a slab of their own.
                assertThat(base.device().memoryUse().reserved()).isLessThanOrEqualTo(reserved + SLAB);
            }
            assertThat(answers.get()).isPositive();
            assertThat(stopped.get()).isPositive();
            for (int a = 0; a < CONFIGS.size(); a++) {
                adapters.get(a).close();
            }
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.equals("moelora-generation") || name.equals("moelora-delivery"));
    }

    private void client(
            Decoder base,
            GenerationEngine engine,
            AtomicReferenceArray<Adapter> adapters,
            List<List<Completion>> expected,
            long end) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int i = 0; SECONDS > 0 ? System.nanoTime() < end : i < FEW; i++) {
            int a = random.nextInt(CONFIGS.size());
            int p = random.nextInt(PROMPTS);
            Request request = request(base, p);
            Completion whole = expected.get(a).get(p);
            try {
                LanguageModel view = base.with(adapters.get(a));
                switch (i % FEW) {
                    case 0 -> {
                        Cancellation cancellation = new Cancellation();
                        Request some =
                                request.toBuilder().cancellation(cancellation).build();
                        begins(engine.complete(view, some, piece -> cancellation.cancel()), whole);
                    }
                    case 1 ->
                        begins(
                                engine.complete(
                                        view,
                                        request.toBuilder()
                                                .deadline(Duration.ofMillis(1 + random.nextInt(20)))
                                                .build()),
                                whole);
                    case 2 -> {
                        CompletableFuture<Completion> gone = engine.submit(view, request);
                        gone.cancel(true);
                        assertThatThrownBy(() -> engine.submit(
                                        view, Request.ofIds(new int[300]).build()))
                                .isInstanceOf(InputException.class);
                    }
                    case 3 -> {
                        Adapter old = adapters.getAndSet(a, adapter(base, a));
                        old.close(); // what is being answered with it goes on
                        answered(
                                engine.submit(base.with(adapters.get(a)), request)
                                        .join(),
                                whole);
                    }
                    default -> answered(engine.complete(view, request), whole);
                }
            } catch (EngineBusyException e) {
                stopped.incrementAndGet();
            } catch (IllegalStateException e) {
                assertThat(e).hasMessage("the adapter is closed"); // swapped between the view and the request
            }
        }
    }

    private void answered(Completion given, Completion whole) {
        answers.incrementAndGet();
        assertThat(given.ids()).isEqualTo(whole.ids());
        assertThat(given.text()).isEqualTo(whole.text());
    }

    private void begins(Completion given, Completion whole) {
        stopped.incrementAndGet();
        assertThat(whole.ids().subList(0, given.ids().size())).isEqualTo(given.ids());
    }
}
