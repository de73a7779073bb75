package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.model.Vectors;
import org.moelora.train.CheckpointPolicy;
import org.moelora.train.FineTuner;
import org.moelora.train.PromptStatistics;
import org.moelora.train.TrainingConfig;

/** A new job beside old ones. */
class GrowTest {
    private static Device device;
    private static Decoder base;

    @BeforeAll
    static void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(2, true));
        base = Decoder.load(Vectors.path("llama"), device);
    }

    @AfterAll
    static void close() {
        base.close();
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    /** Rows of a job: prompts of five tokens from words of its own, and answers of two. */
    private static List<TokenRow> job(int firstWord, int seed) {
        Random random = new Random(seed);
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < 6; r++) {
            int[] ids = new int[7];
            for (int t = 0; t < ids.length; t++) {
                ids[t] = firstWord + random.nextInt(8);
            }
            int[] labels = ids.clone();
            Arrays.fill(labels, 0, 5, TokenRow.IGNORED);
            rows.add(new TokenRow(ids, labels, null, r));
        }
        return rows;
    }

    private static final List<TokenRow> OLD = job(4, 1);
    private static final List<TokenRow> NEW = job(20, 2);

    private static MoeLoraConfig config(int experts) {
        return MoeLoraConfig.builder()
                .experts(experts)
                .rank(2)
                .router(new Router.Prompt())
                .build();
    }

    private static FineTuner tuner(Adapter adapter, List<TokenRow> rows) {
        return FineTuner.of(base.with(adapter))
                .onRows(rows)
                .config(TrainingConfig.builder()
                        .losses(LossSettings.NONE)
                        .steps(6L)
                        .batchSize(3)
                        .learningRate(2e-2)
                        .build());
    }

    private static Adapter trained(AdapterConfig config, List<TokenRow> rows, long seed) {
        Adapter adapter = Adapter.create(base, config, seed);
        tuner(adapter, rows).run();
        return adapter;
    }

    /** Of every token of a batch. */
    private static float[] logits(LanguageModel model, List<TokenRow> rows) {
        Batch batch = Batch.of(rows);
        try (Tape tape = Tape.inference(device)) {
            Tensor hidden =
                    model.hidden(tape, AdapterPass.inference().withRows(batch.layout()), batch.ids(), batch.starts());
            int[] all = new int[batch.tokens()];
            Arrays.setAll(all, t -> t);
            return model.logits(tape, hidden, all).toArray();
        }
    }

    private static List<TokenRow> together() {
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < OLD.size(); r++) {
            rows.add(OLD.get(r));
            rows.add(NEW.get(r));
        }
        return rows;
    }

    /** In a batch of its own and in one with rows of the new job, in which the older adapter alone would have seen the same batch. */
    @Test
    void whatTheOlderAdapterAnswersStaysToTheBit(@TempDir Path temp) {
        Adapter older = trained(config(3), OLD, 1);
        float[] ofOld = logits(base.with(older), OLD);
        float[] ofMixed = logits(base.with(older), together());
        Adapter newer = trained(config(2), NEW, 2);
        float[] ofNew = logits(base.with(newer), NEW);
        try (Adapter grown = MoeLora.grow(older, newer)) {
            LanguageModel model = base.with(grown);
            Batch batch = Batch.of(together());
            int[] answers = model.answeredBy(batch.ids(), batch.layout());
            for (int r = 0; r < answers.length; r++) {
                assertThat(answers[r]).isEqualTo(r % 2 == 0 ? 1 : 0);
            }
            assertThat(logits(model, OLD)).isEqualTo(ofOld);
            assertThat(logits(model, NEW)).isEqualTo(ofNew);
            float[] mixed = logits(model, together());
            int row = ofMixed.length / answers.length;
            for (int r = 0; r < answers.length; r++) {
                float[] here = Arrays.copyOfRange(mixed, r * row, (r + 1) * row);
                if (r % 2 == 0) {
                    assertThat(here).isEqualTo(Arrays.copyOfRange(ofMixed, r * row, (r + 1) * row));
                } else {
                    assertThat(here).isNotEqualTo(Arrays.copyOfRange(ofMixed, r * row, (r + 1) * row));
                    float[] alone = Arrays.copyOfRange(ofNew, r / 2 * row, (r / 2 + 1) * row);
                    for (int i = 0; i < row; i++) {
                        assertThat(here[i]).isCloseTo(alone[i], within(2e-5f));
                    }
                }
            }
            grown.save(temp.resolve("grown"));
            AdapterSummary summary = AdapterSummary.read(temp.resolve("grown"));
            assertThat(summary.linears()).isEqualTo(grown.modules().size());
            try (Adapter loaded = Adapter.load(temp.resolve("grown"), base)) {
                assertThat(logits(base.with(loaded), together())).isEqualTo(mixed);
            }
        }
    }

    /** A third job on two: each keeps its prompts. */
    @Test
    void agrownAdapterGrowsAgain() {
        List<TokenRow> third = job(40, 3);
        Adapter first = trained(config(2), OLD, 1);
        Adapter second = trained(config(2), NEW, 2);
        Adapter last = trained(config(2), third, 3);
        float[] ofFirst = logits(base.with(first), OLD);
        float[] ofSecond = logits(base.with(second), NEW);
        float[] ofLast = logits(base.with(last), third);
        try (Adapter grown = MoeLora.grow(MoeLora.grow(first, second), last)) {
            assertThat(logits(base.with(grown), OLD)).isEqualTo(ofFirst);
            assertThat(logits(base.with(grown), NEW)).isEqualTo(ofSecond);
            assertThat(logits(base.with(grown), third)).isEqualTo(ofLast);
        }
    }

    @Test
    void promptsOfBothAreWrittenSideBySide() {
        Adapter older = trained(config(2), OLD, 1);
        Adapter newer = trained(config(3), NEW, 2);
        try (Adapter grown = MoeLora.grow(older, newer)) {
            List<int[]> prompts = List.of(
                    Arrays.copyOf(OLD.get(0).inputIds(), 5),
                    Arrays.copyOf(NEW.get(0).inputIds(), 5),
                    Arrays.copyOf(OLD.get(1).inputIds(), 5));
            Generation generation = Generation.of(base.with(grown), GenerationOptions.GREEDY.withMaxTokens(5));
            List<int[]> all = generation.ids(prompts, (s, id) -> true);
            for (int s = 0; s < prompts.size(); s++) {
                assertThat(generation
                                .ids(List.of(prompts.get(s)), (i, id) -> true)
                                .getFirst())
                        .isEqualTo(all.get(s));
            }
        }
    }

    /** Training one that has grown reaches the newest alone, and goes on after a stop with the same bytes. */
    @Test
    void onlyTheNewestLearns(@TempDir Path temp) {
        Adapter older = trained(config(2), OLD, 1);
        float[] before = logits(base.with(older), OLD);
        float[] whole;
        try (Adapter grown = MoeLora.grow(older, Adapter.create(base, config(2), 7))) {
            tuner(grown, NEW)
                    .into(temp.resolve("run"))
                    .checkpoints(new CheckpointPolicy(1, 0, 9))
                    .run();
            assertThat(logits(base.with(grown), OLD)).isEqualTo(before);
            whole = logits(base.with(grown), NEW);
        }
        try (Adapter last = Adapter.load(temp.resolve("run/last"), base)) {
            assertThat(logits(base.with(last), OLD)).isEqualTo(before);
            assertThat(logits(base.with(last), NEW)).isEqualTo(whole);
        }
    }

    /** A LoRA learns what its prompts look like from some of its rows. */
    @Test
    void anAdapterThatDoesNotKnowItsPromptsIsTold() {
        LoraConfig lora = LoraConfig.builder().rank(3).build();
        Adapter older = trained(lora, OLD, 1);
        float[] before = logits(base.with(older), together());
        Adapter newer = trained(config(2), NEW, 2);
        assertThatThrownBy(() -> MoeLora.grow(older, newer))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("does not know what its prompts look like");
        PromptStatistics.measure(base.with(older), OLD);
        try (Adapter grown = MoeLora.grow(older, newer)) {
            float[] mixed = logits(base.with(grown), together());
            int row = mixed.length / 12;
            for (int r = 0; r < 12; r += 2) {
                assertThat(Arrays.copyOfRange(mixed, r * row, (r + 1) * row))
                        .isEqualTo(Arrays.copyOfRange(before, r * row, (r + 1) * row));
            }
        }
    }

    /** Sixteen centres at most; as many as there are different prompts if they are fewer. */
    @Test
    void centresAreMeansOfPromptsThatAreAlike() {
        float[][] centres = KnownPrompts.of(
                        List.of(new float[] {0, 1}, new float[] {5, 5}, new float[] {0, 1}, new float[] {5, 5}))
                .centres();
        assertThat(centres).isDeepEqualTo(new float[][] {{0, 1}, {5, 5}});
        KnownPrompts known = KnownPrompts.of(List.of(new float[] {0, 1}, new float[] {4, 1}));
        assertThat(known.distance(new float[] {1, 1})).isEqualTo(1);
    }
}
