package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;

/** Vectors of texts on the bundled model. */
class EmbeddingTest {
    private static final List<String> TEXTS =
            List.of("Tom takes a kettle.", "The kettle pours water into the cup.", "x", "Anna has two red balls.");

    private static Decoder base;

    @BeforeAll
    static void open() {
        base = Decoder.load(Path.of("../test-models/tiny"));
    }

    @AfterAll
    static void close() {
        base.close();
    }

    /** The formula, of the hidden states of one text alone, read in a pass of its own. */
    private static double[] byHand(LanguageModel model, String text, Pooling pooling) {
        int[] ids = base.tokenizer().encode(text, true);
        int width = base.config().hiddenSize();
        double[] v = new double[width];
        try (Tape tape = Tape.inference(base.device())) {
            float[] h = model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length})
                    .toArray();
            for (int t = pooling == Pooling.LAST ? ids.length - 1 : 0; t < ids.length; t++) {
                for (int i = 0; i < width; i++) {
                    v[i] += h[t * width + i] / (double) ids.length;
                }
            }
        }
        double squares = 0;
        for (double each : v) {
            squares += each * each;
        }
        for (int i = 0; i < width; i++) {
            v[i] /= Math.sqrt(squares);
        }
        return v;
    }

    @ParameterizedTest
    @EnumSource
    void equalsThePooledHiddenStatesOfEachTextAlone(Pooling pooling) {
        try (Adapter adapter =
                MoeLora.create(base, MoeLoraConfig.builder().experts(3).rank(2).build())) {
            Random random = new Random(1);
            adapter.parameters().parameters().forEach(parameter -> {
                float[] values = parameter.toArray();
                for (int i = 0; i < values.length; i++) {
                    values[i] += (float) random.nextGaussian() * 0.05f;
                }
                parameter.set(values);
            });
            for (LanguageModel model : List.of(base.plain(), base.with(adapter))) {
                List<TextEmbedding> embeddings = model.embed(TEXTS, pooling);
                assertThat(embeddings).hasSameSizeAs(TEXTS);
                for (int text = 0; text < TEXTS.size(); text++) {
                    double[] expected = byHand(model, TEXTS.get(text), pooling);
                    float[] actual = embeddings.get(text).toArray();
                    assertThat(embeddings.get(text).dimension()).isEqualTo(192);
                    for (int i = 0; i < expected.length; i++) {
                        assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-5));
                    }
                }
            }
            assertThat(base.plain()
                            .embed(TEXTS, pooling)
                            .getFirst()
                            .cosine(base.with(adapter).embed(TEXTS, pooling).getFirst()))
                    .isLessThan(0.9999);
        }
    }

    @Test
    void vectorsHaveTheLengthOneAndCountTheirTokens() {
        TextEmbedding kettle = base.plain().embed("Tom takes a kettle.");
        assertThat(kettle.cosine(kettle)).isCloseTo(1, within(1e-6));
        assertThat(kettle.tokens()).isEqualTo(base.tokenizer().encode("Tom takes a kettle.", true).length);
        float[] values = kettle.toArray();
        values[0] = 7;
        assertThat(kettle.toArray()[0]).isLessThan(1);
    }

    @Test
    void severalPassesKeepTheOrderOfTexts() {
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            many.add((TEXTS.get(i % 4) + " " + i + " ").repeat(1 + i % 3));
        }
        List<TextEmbedding> together = base.plain().embed(many, Pooling.MEAN);
        List<TextEmbedding> inPasses = new EmbeddingRun(base.plain(), Pooling.MEAN, 32).of(many);
        assertThat(together.stream().mapToInt(TextEmbedding::tokens).sum()).isGreaterThan(64);
        for (int i = 0; i < many.size(); i++) {
            assertThat(inPasses.get(i).cosine(together.get(i))).isCloseTo(1, within(1e-6));
        }
        assertThat(base.plain().embed(List.of(), Pooling.LAST)).isEmpty();
    }

    @Test
    void refusesWhatIsTooLongByItsNumber() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> base.plain().embed(List.of("short", "long ".repeat(300)), Pooling.LAST))
                .withMessageMatching(
                        "text 2: has \\d+ tokens, and the model has positions for 256; expected at most as many");
    }

    @Test
    void leavesNoMemoryBehind() {
        long before = base.device().memoryUse().total();
        base.plain().embed(TEXTS, Pooling.MEAN);
        assertThat(base.device().memoryUse().total()).isEqualTo(before);
    }
}
