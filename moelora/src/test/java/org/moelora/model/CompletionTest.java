package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;

/** Requests on the bundled model. */
class CompletionTest {
    private static final String PROMPT = "Tom takes a kettle. What is that good for: dry or pour?\nAnswer:";

    private static Decoder base;

    @BeforeAll
    static void open() {
        base = Decoder.load(Path.of("../test-models/tiny"));
    }

    @AfterAll
    static void close() {
        base.close();
    }

    private static Completion complete(Request.Builder request) {
        return base.plain().complete(request.build());
    }

    @Test
    void countsWhatItReadsAndWrites() {
        Completion ten = complete(Request.of(PROMPT).maxTokens(10).logitBias(noEnds()));
        int[] prompt = Generation.of(base.plain(), GenerationOptions.GREEDY).tokens(PROMPT);
        assertThat(ten.usage()).isEqualTo(new Usage(prompt.length, 0, 10));
        assertThat(ten.ids()).hasSize(10);
        assertThat(ten.finish()).isEqualTo(FinishReason.LENGTH);
        assertThat(ten.firstToken()).isPositive().isLessThanOrEqualTo(ten.time());
        assertThat(complete(Request.ofIds(prompt).maxTokens(10).logitBias(noEnds()))
                        .text())
                .isEqualTo(ten.text());
    }

    @Test
    void theTextIsWhatGenerationWrites() {
        assertThat(complete(Request.of(PROMPT).maxTokens(40)).text())
                .isEqualTo(Generation.of(base.plain(), GenerationOptions.GREEDY.withMaxTokens(40))
                        .text(PROMPT));
    }

    /** Every pair of characters of a text as a stop sequence, so that it begins and ends inside of pieces too. */
    @Test
    void endsBeforeAStopSequenceAndNeverShowsAPartOfIt() {
        String whole = complete(Request.of(PROMPT).maxTokens(12)).text();
        for (int at = 0; at + 2 <= whole.length(); at++) {
            String stop = whole.substring(at, at + 2);
            StringBuilder pieces = new StringBuilder();
            Completion text = base.plain()
                    .complete(
                            Request.of(PROMPT)
                                    .maxTokens(12)
                                    .stop("never there", stop)
                                    .build(),
                            pieces::append);
            assertThat(text.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(pieces).hasToString(text.text());
            assertThat(text.finish()).isEqualTo(FinishReason.STOP_SEQUENCE);
        }
    }

    @Test
    void holdsBackOnlyWhatMayBecomeAStopSequence() {
        StopSequences stops = new StopSequences(List.of("abab!", "xyz"));
        assertThat(stops.push("1ab")).isEqualTo("1");
        assertThat(stops.push("ab")).isEmpty();
        assertThat(stops.push("a")).isEqualTo("ab");
        assertThat(stops.push("bx")).isEqualTo("abab");
        assertThat(stops.push("y")).isEmpty();
        assertThat(stops.finish()).isEqualTo("xy");
        assertThat(stops.push("z abab! more")).isEqualTo("z ");
        assertThat(stops.found()).isTrue();
    }

    @Test
    void endsWithTheModelsLastPosition() {
        int positions = base.config().maxPositions();
        int[] prompt = new int[positions - 3];
        Arrays.fill(prompt, 40);
        Completion text = complete(Request.ofIds(prompt).maxTokens(100).logitBias(noEnds()));
        assertThat(text.ids()).hasSize(4); // the last one is chosen at the last position
        assertThat(text.finish()).isEqualTo(FinishReason.LENGTH);
        assertThat(complete(Request.ofIds(prompt)
                                .maxTokens(10)
                                .logitBias(noEnds())
                                .beyondPositions(true))
                        .ids())
                .hasSize(10);
    }

    @Test
    void refusesAPromptBeyondTheModelsPositionsBeforeItTakesMemory() {
        int[] prompt = new int[base.config().maxPositions() + 1];
        long before = base.device().memoryUse().reserved();
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> complete(Request.ofIds(prompt)))
                .withMessage("the prompt has " + prompt.length + " tokens, and the model has positions for "
                        + (prompt.length - 1) + "; expected a shorter prompt, or that beyondPositions is allowed");
        assertThat(base.device().memoryUse().reserved()).isEqualTo(before);
    }

    /** A request for millions of tokens takes what the text needs that it gets. */
    @Test
    void aLongLimitTakesNoMemory() {
        complete(Request.of(PROMPT).maxTokens(8).logitBias(noEnds()));
        long before = base.device().memoryUse().reserved();
        Cancellation cancellation = new Cancellation();
        AtomicInteger pieces = new AtomicInteger();
        Request request = Request.of(PROMPT)
                .maxTokens(10_000_000)
                .beyondPositions(true)
                .logitBias(noEnds())
                .cancellation(cancellation)
                .build();
        Completion text = base.plain().complete(request, piece -> {
            if (pieces.incrementAndGet() == 8) {
                cancellation.cancel();
            }
        });
        assertThat(text.finish()).isEqualTo(FinishReason.CANCELLED);
        assertThat(base.device().memoryUse().reserved()).isEqualTo(before);
    }

    @Test
    void memoryIsRefusedBeforeItIsTaken() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> complete(Request.of(PROMPT)
                        .maxTokens(10_000_000)
                        .beyondPositions(true)
                        .maxMemory(100_000_000)))
                .withMessageContaining("writing takes")
                .withMessageContaining("try a shorter prompt, or fewer --max-tokens");
        assertThat(complete(Request.of(PROMPT).maxTokens(2).maxMemory(100_000_000))
                        .ids())
                .isNotEmpty();
    }

    @Test
    void aCancelledRequestEndsBetweenTokensWithWhatItHas() {
        Cancellation cancellation = new Cancellation();
        StringBuilder shown = new StringBuilder();
        Request request = Request.of(PROMPT)
                .cancellation(cancellation)
                .logitBias(noEnds())
                .build();
        Completion text = base.plain().complete(request, piece -> {
            shown.append(piece);
            cancellation.cancel();
        });
        assertThat(text.finish()).isEqualTo(FinishReason.CANCELLED);
        assertThat(text.text()).isEqualTo(shown.toString()).isNotEmpty();
        Completion nothing = base.plain().complete(request);
        assertThat(nothing.finish()).isEqualTo(FinishReason.CANCELLED);
        assertThat(nothing.ids()).isEmpty();
    }

    @Test
    void anInterruptEndsATextAndStaysSet() throws InterruptedException, ExecutionException {
        try (var thread = Executors.newSingleThreadExecutor()) {
            thread.submit(() -> {
                        Thread.currentThread().interrupt();
                        assertThat(complete(Request.of(PROMPT)).finish()).isEqualTo(FinishReason.CANCELLED);
                        assertThat(Thread.interrupted()).isTrue();
                    })
                    .get();
        }
    }

    @Test
    void aDeadlineEndsTheReadingOfAPrompt() {
        Completion text = complete(Request.of(PROMPT).deadline(Duration.ofNanos(1)));
        assertThat(text.finish()).isEqualTo(FinishReason.DEADLINE);
        assertThat(text.ids()).isEmpty();
    }

    @Test
    void logProbabilitiesAreThoseOfTheModel() {
        Completion text = complete(Request.of(PROMPT)
                .maxTokens(3)
                .logProbabilities(4)
                .temperature(0.5)
                .seed(3));
        int[] prompt = Generation.of(base.plain(), GenerationOptions.GREEDY).tokens(PROMPT);
        List<Integer> all = new ArrayList<>(Arrays.stream(prompt).boxed().toList());
        all.addAll(text.ids());
        int[] ids = all.stream().mapToInt(Integer::intValue).toArray();
        for (int i = 0; i < text.ids().size(); i++) {
            Completion.TokenLogProbability one = text.logProbabilities().get(i);
            try (Tape tape = Tape.inference(base.device())) {
                LanguageModel model = base.plain();
                float[] expected = model.logProbabilities(
                        tape,
                        model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length}),
                        new int[] {prompt.length + i - 1},
                        new int[] {text.ids().get(i)});
                assertThat(one.id()).isEqualTo(text.ids().get(i));
                assertThat(one.logProbability()).isCloseTo(expected[0], within(1e-4));
            }
            assertThat(one.top())
                    .hasSize(4)
                    .isSortedAccordingTo((a, b) -> Double.compare(b.logProbability(), a.logProbability()));
            assertThat(one.logProbability())
                    .isLessThanOrEqualTo(one.top().getFirst().logProbability());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void oneOfTheChoicesComesOut(int seed) {
        List<String> choices = List.of(" pour", " pour over", " dry", " open the door");
        Completion text = complete(
                Request.of(PROMPT).choices(choices).temperature(5).seed(seed).maxTokens(50));
        assertThat(text.text()).isIn(choices);
        assertThat(text.finish()).isEqualTo(FinishReason.STOP);
    }

    @Test
    void severalTextsOfOneSeedDifferAndComeAgain() {
        Request request = Request.of(PROMPT)
                .texts(4)
                .temperature(1.5)
                .maxTokens(12)
                .seed(7)
                .build();
        List<String> texts =
                base.plain().completions(request).stream().map(Completion::text).toList();
        assertThat(new HashSet<>(texts)).hasSizeGreaterThan(1);
        assertThat(base.plain().completions(request).stream().map(Completion::text))
                .isEqualTo(texts);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> base.plain().complete(request))
                .withMessageContaining("LanguageModel.completions");
    }

    /** Worked out by hand from the order that {@link Sampling} gives. */
    @Test
    void logitsAreChangedInTheOrderThatIsWritten() {
        Sampling penalties = new Sampling(0, 0, 1, 0, 2, 0.5, 0.25, Map.of(2, 1.0), 0);
        Sampler sampler = new Sampler(penalties, 0, new int[] {0});
        // 0 was in the prompt: 4 / 2. 2 has 1 more: 2.5. So 1 with 3.
        assertThat(sampler.next(new float[] {4, 3, 1.5f, -1})).isEqualTo(1);
        // 1 was written: 3 / 2 - 0.75.  0: 2, 2: 2.5
        assertThat(sampler.next(new float[] {4, 3, 1.5f, -1})).isEqualTo(2);
        // 2: 2.5 / 2 - 0.75 = 0.5, 1: 0.75, 0: 2
        assertThat(sampler.next(new float[] {4, 3, 1.5f, -1})).isZero();
    }

    @Test
    void minPLeavesOutWhatIsFarBelowTheMostProbable() {
        Sampling sampling = new Sampling(1, 0, 1, 0.3, 1, 0, 0, Map.of(), 1);
        Sampler sampler = new Sampler(sampling, 0, new int[0]);
        int[] counts = new int[3];
        for (int i = 0; i < 400; i++) {
            counts[sampler.next(new float[] {0, (float) Math.log(0.5), (float) Math.log(0.25)})]++;
        }
        assertThat(counts[2]).isZero();
        assertThat(counts[1] / 400.0).isCloseTo(1 / 3.0, within(0.08));
    }

    @ParameterizedTest
    @CsvSource({
        "max-tokens is 0; expected 1 to 16777216, 0, 1, 1",
        "top-p is 0.0; expected above 0 and at most 1, 1, 0, 1",
        "the number of texts is 0; expected 1 to 128, 1, 1, 0",
    })
    void valuesOutOfRangeAreRefused(String message, int maxTokens, double topP, int texts) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Request.of("a")
                        .maxTokens(maxTokens)
                        .topP(topP)
                        .texts(texts)
                        .build())
                .withMessage(message);
    }

    private static Map<Integer, Double> noEnds() {
        Map<Integer, Double> bias = new HashMap<>();
        base.eosIds().forEach(id -> bias.put(id, -100.0));
        return Collections.unmodifiableMap(bias);
    }
}
