package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.data.TokenRow;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.kernels.Owner;
import org.moelora.train.PromptStatistics;

/** Requests of many threads on the bundled model, with adapters of every kind that are made of random numbers. */
class GenerationEngineTest {
    private static final String PROMPT = "Tom takes a kettle. What is that good for: dry or pour?\nAnswer:";

    private static Decoder base;
    private static long leased;
    private static final Map<String, LanguageModel> VIEWS = new LinkedHashMap<>();

    @BeforeAll
    static void open() {
        base = Decoder.load(Path.of("../test-models/tiny"));
        leased = base.device().memoryUse().total();
        VIEWS.put("base", base.plain());
        VIEWS.put("lora", base.with(random(LoraConfig.builder().rank(4).build(), 1)));
        VIEWS.put("moelora", base.with(random(mixture().build(), 2)));
        VIEWS.put(
                "prompt", base.with(random(mixture().router(new Router.Prompt()).build(), 3)));
        VIEWS.put(
                "dora", base.with(random(LoraConfig.builder().rank(2).dora(true).build(), 4)));
        VIEWS.put(
                "threshold",
                base.with(random(mixture().gate(new GatePolicy.Threshold(0)).build(), 5)));
        Adapter older = random(mixture().router(new Router.Prompt()).build(), 6);
        Adapter newer = random(LoraConfig.builder().rank(4).build(), 7);
        PromptStatistics.measure(base.with(newer), rows(7));
        VIEWS.put("grown", base.with(MoeLora.grow(older, newer)));
        Adapter tasks = random(
                mixture().gate(new GatePolicy.TaskGate(List.of("a", "b"), 8)).build(), 8);
        VIEWS.put("tasks", base.with(tasks).forTask("b"));
    }

    @AfterAll
    static void close() {
        VIEWS.values().forEach(view -> {
            Adapter adapter = view.adapter();
            if (adapter != null) {
                adapter.close();
            }
        });
        assertThat(base.device().memoryUse().total()).isEqualTo(leased);
        base.close();
    }

    private static MoeLoraConfig.Builder mixture() {
        return MoeLoraConfig.builder().experts(3).rank(2);
    }

    /** Random but for the statistics of a router of prompts, which are measured. */
    private static Adapter random(AdapterConfig config, long seed) {
        Adapter adapter = Adapter.create(base, config, seed);
        Random random = new Random(seed);
        adapter.parameters().parameters().forEach(parameter -> {
            float[] values = parameter.toArray();
            float size = parameter.name().endsWith(".lora_B") ? 0.1f : 0.02f;
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) random.nextGaussian() * size;
            }
            parameter.set(values);
        });
        if (config.router() instanceof Router.Prompt) {
            PromptStatistics.measure(base.with(adapter), rows(seed));
        }
        return adapter;
    }

    private static List<TokenRow> rows(long seed) {
        List<TokenRow> rows = new ArrayList<>();
        Random random = new Random(seed);
        for (int r = 0; r < 8; r++) {
            int[] ids = prompt(random, 12);
            rows.add(new TokenRow(ids, labels(ids), null, r));
        }
        return rows;
    }

    private static int[] labels(int[] ids) {
        int[] labels = new int[ids.length];
        Arrays.fill(labels, -100);
        labels[labels.length - 1] = ids[labels.length - 1];
        return labels;
    }

    private static int[] prompt(Random random, int length) {
        return random.ints(length, 3, base.config().vocabularySize()).toArray();
    }

    private static Map<Integer, Double> noEnds() {
        Map<Integer, Double> bias = new HashMap<>();
        base.eosIds().forEach(id -> bias.put(id, -100.0));
        return bias;
    }

    private static GenerationEngine.Builder engine() {
        return GenerationEngine.of(base).chunk(16).batch(5);
    }

    /** What a request asks of which view. */
    private record Asked(String view, Request request) {
        Completion alone() {
            return model().complete(request);
        }

        LanguageModel model() {
            return VIEWS.get(view);
        }
    }

    /** Prompts of 1 to 100 tokens, greedy and drawn, of all views. */
    private static List<Asked> requests(int count, long seed) {
        Random random = new Random(seed);
        List<String> views = List.copyOf(VIEWS.keySet());
        List<Asked> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = switch (i % 4) {
                case 0 -> 1 + random.nextInt(9);
                case 1 -> 17 + random.nextInt(10);
                default -> 1 + random.nextInt(100);
            };
            Request request = Request.ofIds(prompt(random, length))
                    .maxTokens(4 + random.nextInt(12))
                    .temperature(i % 3 == 0 ? 0 : 0.9)
                    .seed(i)
                    .logProbabilities(2)
                    .logitBias(noEnds())
                    .build();
            all.add(new Asked(views.get(i % views.size()), request));
        }
        return all;
    }

    private static void assertSame(Completion given, Completion expected) {
        assertThat(given.ids()).isEqualTo(expected.ids());
        assertThat(given.text()).isEqualTo(expected.text());
        assertThat(given.finish()).isEqualTo(expected.finish());
        assertThat(given.logProbabilities())
                .isEqualTo(expected.logProbabilities()); // doubles of every bit of the logits
    }

    @Test
    void everyTextHasTheBitsThatItHasAlone() throws Exception {
        List<Asked> requests = requests(24, 1);
        try (GenerationEngine engine = engine().open()) {
            List<CompletableFuture<Completion>> answers = new ArrayList<>();
            for (Asked asked : requests) {
                answers.add(engine.submit(asked.model(), asked.request()));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertSame(answers.get(i).get(), requests.get(i).alone());
            }
            GenerationEngine.Load load = engine.load();
            assertThat(load.running() + load.waiting()).isZero();
            assertThat(load.cacheBytes()).isEqualTo(load.keptBytes());
            assertThat(load.promptTokens())
                    .isEqualTo(requests.stream()
                            .mapToLong(asked -> asked.alone().usage().promptTokens())
                            .sum());
        }
    }

    /** Prompts that repeat themselves, and random ones, greedy and drawn, alone and in company. */
    @Test
    void guessesChangeNoText() throws Exception {
        List<Asked> requests = new ArrayList<>(requests(16, 4));
        Random random = new Random(5);
        List<String> views = List.copyOf(VIEWS.keySet());
        for (int i = 0; i < 16; i++) {
            int[] part = prompt(random, 3 + i % 5);
            int[] prompt = new int[part.length * 5];
            Arrays.setAll(prompt, at -> part[at % part.length]);
            Request request = Request.ofIds(prompt)
                    .maxTokens(40)
                    .temperature(i % 4 == 3 ? 0.3 : 0)
                    .logProbabilities(1)
                    .logitBias(noEnds())
                    .build();
            requests.add(new Asked(views.get(i % views.size()), request));
        }
        try (GenerationEngine engine = engine().promptLookup(6).open()) {
            List<CompletableFuture<Completion>> answers = requests.stream()
                    .map(asked -> engine.submit(asked.model(), asked.request()))
                    .toList();
            int guessed = 0;
            for (int i = 0; i < answers.size(); i++) {
                assertSame(answers.get(i).get(), requests.get(i).alone());
                guessed += answers.get(i).get().usage().guessedTokens();
            }
            assertThat(guessed).isGreaterThan(50);
            Asked last = requests.getLast();
            assertSame(engine.complete(last.model(), last.request()), last.alone());
        }
    }

    /** Models whose feed-forward width is no multiple of a vector, in one batch. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "phi3", "gemma3_text", "gpt2", "qwen3"})
    void rowsOfAnyWidthHaveTheBitsThatTheyHaveAlone(String family, @TempDir Path folder) throws Exception {
        try (Decoder odd = Decoder.load(RandomCheckpoint.write(folder, family));
                GenerationEngine engine =
                        GenerationEngine.of(odd).batch(6).promptLookup(3).open()) {
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                requests.add(Request.ofIds(3 + i, 4, 3 + i, 4)
                        .maxTokens(7)
                        .logProbabilities(1)
                        .build());
            }
            List<CompletableFuture<Completion>> answers = requests.stream()
                    .map(request -> engine.submit(odd.plain(), request))
                    .toList();
            for (int i = 0; i < 6; i++) {
                Completion alone = odd.plain().complete(requests.get(i));
                assertThat(answers.get(i).get().ids()).isEqualTo(alone.ids());
                assertThat(answers.get(i).get().logProbabilities()).isEqualTo(alone.logProbabilities());
            }
        }
    }

    @Test
    void whatIsGuessedStoodThereBefore() {
        PromptLookup lookup = new PromptLookup(new int[] {1, 2, 3, 4, 5, 1, 2, 3, 9, 7, 1, 2});
        assertThat(lookup.guess(3)).containsExactly(3, 9, 7);
        lookup.add(3);
        lookup.add(4);
        assertThat(lookup.guess(8)).containsExactly(5, 1, 2, 3, 9, 7, 1, 2);
        lookup.add(8);
        assertThat(lookup.guess(8)).isEmpty();
        for (int i = 0; i < 4; i++) {
            lookup.add(1);
            lookup.add(2);
            assertThat(lookup.guess(8)).isNotEmpty();
            lookup.was(8, 1);
        }
        lookup.add(2);
        lookup.add(3);
        assertThat(lookup.guess(8)).isEmpty(); // given up
    }

    /** A conversation in which each prompt begins with the one before; what is read once is not read again, and no bit changes. */
    @Test
    void aPromptThatBeginsLikeOneBeforeReadsOnlyWhatIsNew() {
        Random random = new Random(9);
        int[] turns = prompt(random, 130);
        for (String view : List.of("base", "moelora", "threshold")) {
            try (GenerationEngine engine = engine().open()) {
                int before = 0;
                for (int length : new int[] {40, 47, 90, 130}) {
                    Request request = Request.ofIds(Arrays.copyOf(turns, length))
                            .maxTokens(6)
                            .logProbabilities(1)
                            .logitBias(noEnds())
                            .build();
                    Completion answer = engine.complete(VIEWS.get(view), request);
                    assertSame(answer, VIEWS.get(view).complete(request));
                    // Whole units of 16, with more than 8 tokens left to read.
                    assertThat(answer.usage().cachedTokens()).isEqualTo(Math.min(before, length - 9) / 16 * 16);
                    before = length;
                }
                Request other =
                        Request.ofIds(Arrays.copyOf(turns, 50)).maxTokens(1).build();
                String elsewhere = view.equals("base") ? "lora" : "base";
                assertThat(engine.complete(VIEWS.get(elsewhere), other).usage().cachedTokens())
                        .isZero();
            }
        }
    }

    /** A router of prompts decides by the whole prompt: only the same prompt has the same keys. */
    @Test
    void aPromptOfARouterOfPromptsIsCachedAsAWhole() {
        int[] prompt = prompt(new Random(3), 70);
        for (String view : List.of("prompt", "grown")) {
            try (GenerationEngine engine = engine().open()) {
                for (int length : new int[] {60, 70, 60, 70}) {
                    boolean again = engine.load().promptTokens() >= 130;
                    Request request = Request.ofIds(Arrays.copyOf(prompt, length))
                            .maxTokens(5)
                            .logProbabilities(1)
                            .logitBias(noEnds())
                            .build();
                    Completion answer = engine.complete(VIEWS.get(view), request);
                    assertSame(answer, VIEWS.get(view).complete(request));
                    assertThat(answer.usage().cachedTokens()).isEqualTo(again ? (length - 9) / 16 * 16 : 0);
                }
            }
        }
    }

    @Test
    void whatAnAdapterHasLearnedSinceIsNotTakenFromTheCache() {
        Request request = Request.ofIds(prompt(new Random(4), 60))
                .maxTokens(4)
                .logProbabilities(0)
                .build();
        try (Adapter adapter = random(LoraConfig.builder().rank(2).build(), 20);
                GenerationEngine engine = engine().open()) {
            engine.complete(base.with(adapter), request);
            assertThat(engine.complete(base.with(adapter), request).usage().cachedTokens())
                    .isEqualTo(48);
            adapter.parameters()
                    .parameters()
                    .forEach(each -> each.set(new float[(int) each.shape().size()]));
            Completion changed = engine.complete(base.with(adapter), request);
            assertThat(changed.usage().cachedTokens()).isZero();
            assertThat(changed.logProbabilities())
                    .isEqualTo(base.plain().complete(request).logProbabilities());
        }
    }

    @Test
    void keptPromptsGoWhereTheirMemoryIsNeeded() {
        long most = 3 * GenerationEngine.bytes(base, 128);
        Random random = new Random(5);
        try (GenerationEngine engine = engine().maxMemory(most).open()) {
            for (int i = 0; i < 8; i++) {
                engine.complete(
                        base.plain(),
                        Request.ofIds(prompt(random, 90)).maxTokens(20).build());
                assertThat(engine.load().cacheBytes()).isPositive().isLessThanOrEqualTo(most);
            }
            engine.trim();
            assertThat(engine.load().cacheBytes()).isZero();
            assertThat(base.device().memoryUse().now().getOrDefault(Owner.CACHE, 0L))
                    .isZero();
        }
    }

    @Test
    void severalTextsReadTheirPromptOnce() {
        Request request = Request.of(PROMPT)
                .texts(4)
                .temperature(1.2)
                .maxTokens(9)
                .seed(3)
                .logitBias(noEnds())
                .build();
        try (GenerationEngine engine = engine().open()) {
            List<Completion> given = engine.completions(base.plain(), request);
            List<List<Integer>> ids = given.stream().map(Completion::ids).toList();
            assertThat(ids).doesNotHaveDuplicates();
            for (int i = 0; i < 4; i++) {
                Request other = request.toBuilder().texts(4).build();
                assertThat(ids)
                        .isEqualTo(engine.completions(base.plain(), other).stream()
                                .map(Completion::ids)
                                .toList());
            }
        }
    }

    /** Runs texts that fill the batch while others are put into the queue, so that those begin together. */
    private static void beginTogether(GenerationEngine engine, int batch, Runnable submit) throws Exception {
        Cancellation cancellation = new Cancellation();
        Request request = Request.of(PROMPT)
                .texts(batch)
                .maxTokens(200)
                .logitBias(noEnds())
                .cancellation(cancellation)
                .build();
        Thread blocker = Thread.ofPlatform().start(() -> engine.completions(base.plain(), request));
        while (engine.load().running() == 0) {
            Thread.onSpinWait();
        }
        submit.run();
        cancellation.cancel();
        blocker.join();
    }

    @Test
    void aLongPromptDoesNotHoldUpAShortOne() throws Exception {
        int[] longPrompt = prompt(new Random(6), 240);
        for (String view : List.of("lora", "prompt")) {
            try (GenerationEngine engine = engine().batch(2).prefixCache(false).open()) {
                List<CompletableFuture<Completion>> both = new ArrayList<>();
                beginTogether(engine, 2, () -> {
                    both.add(engine.submit(
                            VIEWS.get(view),
                            Request.ofIds(longPrompt).maxTokens(1).build()));
                    both.add(engine.submit(
                            base.plain(),
                            Request.ofIds(1, 7, 9)
                                    .maxTokens(3)
                                    .logitBias(noEnds())
                                    .build()));
                });
                assertThat(both.get(1).get().time())
                        .isLessThan(both.get(0).get().firstToken());
            }
        }
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        try (GenerationEngine engine = engine().batch(1).queue(2).open()) {
            beginTogether(engine, 1, () -> {
                Request request = Request.of(PROMPT).maxTokens(2).build();
                var _ = engine.submit(base.plain(), request);
                var _ = engine.submit(base.plain(), request);
                assertThatExceptionOfType(EngineBusyException.class)
                        .isThrownBy(() -> engine.submit(base.plain(), request))
                        .withMessage(
                                "the engine has 2 requests waiting, as many as it may; expected a later try, or a longer queue");
                assertThat(engine.load().waiting()).isEqualTo(2);
            });
        }
    }

    @Test
    void oversizeRequestsAreRefusedBeforeAnythingIsTaken() {
        long before = base.device().memoryUse().reserved();
        long room = GenerationEngine.bytes(base, 96);
        try (GenerationEngine engine = engine().maxContext(100).maxMemory(room).open()) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> engine.submit(
                            base.plain(), Request.ofIds(new int[101]).build()))
                    .withMessage(
                            "the prompt has 101 tokens, and the engine takes texts of 100; expected a shorter prompt, or a"
                                    + " larger maxContext");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> engine.submit(
                            base.plain(), Request.ofIds(new int[90]).build()))
                    .withMessageStartingWith("a prompt of 90 tokens with up to 11 behind it may take")
                    .withMessageEndingWith("expected a shorter prompt, fewer maxTokens, or a larger maxMemory");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> engine.completions(
                            base.plain(), Request.of(PROMPT).texts(6).build()))
                    .withMessageContaining("writes 5 at a time");
            assertThat(base.device().memoryUse().reserved()).isEqualTo(before);
        }
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> engine().maxMemory(1000).open())
                .withMessageContaining("a text of 32 tokens takes");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> engine().chunk(40).open())
                .withMessage("chunk is 40; expected a multiple of 16");
    }

    /** The smallest limit is enough for the longest texts that it allows, one after another. */
    @Test
    void textsEndAtTheContextAndWaitForMemory() throws Exception {
        try (GenerationEngine engine = engine().maxContext(31)
                .maxMemory(GenerationEngine.bytes(base, 32) * 6 / 5)
                .open()) {
            List<CompletableFuture<Completion>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Request request = Request.ofIds(prompt(new Random(i), 20))
                        .logitBias(noEnds())
                        .build();
                all.add(engine.submit(base.plain(), request));
            }
            for (CompletableFuture<Completion> each : all) {
                assertThat(each.get().ids()).hasSize(12); // the last is chosen at the last position
                assertThat(each.get().finish()).isEqualTo(FinishReason.LENGTH);
            }
        }
    }

    @Test
    void deadlinesAndCancellationEndRunningAndWaitingTexts() throws Exception {
        try (GenerationEngine engine = engine().batch(1).open()) {
            Request endless =
                    Request.of(PROMPT).maxTokens(200).logitBias(noEnds()).build();
            Cancellation cancellation = new Cancellation();
            CompletableFuture<Completion> first = engine.submit(
                    base.plain(),
                    endless.toBuilder().cancellation(cancellation).build(),
                    piece -> cancellation.cancel());
            assertThat(first.get().finish()).isEqualTo(FinishReason.CANCELLED);
            assertThat(first.get().ids()).isNotEmpty();
            beginTogether(engine, 1, () -> {
                Completion waited = engine.complete(
                        base.plain(),
                        endless.toBuilder().deadline(Duration.ofMillis(1)).build());
                assertThat(waited.finish()).isEqualTo(FinishReason.DEADLINE);
                assertThat(waited.ids()).isEmpty();
            });
            CompletableFuture<Completion> gone = engine.submit(base.plain(), endless);
            gone.cancel(true);
            assertThat(engine.complete(
                                    base.plain(),
                                    Request.of(PROMPT).maxTokens(1).build())
                            .ids())
                    .hasSize(1);
        }
    }

    @Test
    void aConsumerThatFailsEndsItsTextAlone() {
        try (GenerationEngine engine = engine().open()) {
            Request endless =
                    Request.of(PROMPT).maxTokens(200).logitBias(noEnds()).build();
            CompletableFuture<Completion> failing = engine.submit(base.plain(), endless, piece -> {
                throw new IllegalStateException("the client is gone");
            });
            assertThatThrownBy(failing::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseMessage("the client is gone");
            assertThatThrownBy(() -> engine.complete(base.plain(), endless, piece -> {
                        throw new IllegalStateException("the client is gone");
                    }))
                    .hasMessage("the client is gone");
            assertThat(engine.complete(
                                    base.plain(),
                                    endless.toBuilder().maxTokens(2).build())
                            .ids())
                    .hasSize(2);
        }
    }

    @Test
    void anInterruptEndsATextAndStaysSet() throws Exception {
        try (GenerationEngine engine = engine().open()) {
            AtomicInteger checked = new AtomicInteger();
            Thread asking = Thread.ofPlatform().start(() -> {
                Thread.currentThread().interrupt();
                Completion text = engine.complete(
                        base.plain(),
                        Request.of(PROMPT).maxTokens(200).logitBias(noEnds()).build());
                if (text.finish() == FinishReason.CANCELLED && Thread.interrupted()) {
                    checked.incrementAndGet();
                }
            });
            asking.join();
            assertThat(checked).hasValue(1);
        }
    }

    /** A request that is being answered keeps its adapter; the next one with it is refused. */
    @Test
    void anAdapterMayBeClosedWhileItAnswers() throws Exception {
        Adapter adapter = random(mixture().build(), 2); // as the one of the view moelora
        LanguageModel view = base.with(adapter);
        Request request = Request.of(PROMPT)
                .maxTokens(60)
                .logitBias(noEnds())
                .logProbabilities(0)
                .build();
        try (GenerationEngine engine = engine().open()) {
            List<CompletableFuture<Completion>> both = new ArrayList<>();
            beginTogether(engine, 5, () -> {
                both.add(engine.submit(view, request, piece -> adapter.close()));
                both.add(engine.submit(view, request));
            });
            Completion expected = VIEWS.get("moelora").complete(request);
            for (CompletableFuture<Completion> each : both) {
                assertSame(each.get(), expected);
            }
            assertThatThrownBy(() -> engine.submit(view, request)).hasMessage("the adapter is closed");
        }
    }

    @Test
    void aRequestThatCannotBeReadFailsAlone() throws Exception {
        try (GenerationEngine engine = engine().open()) {
            CompletableFuture<Completion> bad =
                    engine.submit(base.plain(), Request.ofIds(1, 1_000_000).build());
            Asked good = requests(3, 8).get(2);
            assertSame(engine.complete(good.model(), good.request()), good.alone());
            assertThatThrownBy(bad::get).hasRootCauseInstanceOf(InputException.class);
        }
    }

    @Test
    void closingEndsAllAndLeavesNoThreadAndNoMemory() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        GenerationEngine engine = engine().batch(2).open();
        Request endless = Request.of(PROMPT).maxTokens(200).logitBias(noEnds()).build();
        List<CompletableFuture<Completion>> answers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            answers.add(engine.submit(base.plain(), endless, piece -> begun.countDown()));
        }
        begun.await();
        engine.close();
        engine.close();
        for (CompletableFuture<Completion> each : answers) {
            assertThat(each).isDone();
            assertThat(each.get().finish()).isIn(FinishReason.CANCELLED, FinishReason.LENGTH);
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("moelora-generation", "moelora-delivery");
        assertThat(base.device().memoryUse().now().getOrDefault(Owner.CACHE, 0L))
                .isZero();
        assertThatThrownBy(() -> engine.submit(base.plain(), endless)).hasMessage("the engine is closed");
    }
}
