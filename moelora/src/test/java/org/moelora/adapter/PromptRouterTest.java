package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
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
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;

/** One choice per prompt. */
class PromptRouterTest {
    private static final String LOWEST = "model.layers.0.self_attn.q_proj";
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

    private static MoeLoraConfig config() {
        return MoeLoraConfig.builder()
                .experts(4)
                .rank(2)
                .router(new Router.Prompt())
                .build();
    }

    /** Rows whose last two tokens are the answer. */
    private static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        for (TokenRow row : Vectors.rows("llama").subList(0, 6)) {
            int[] labels = row.inputIds().clone();
            Arrays.fill(labels, 0, labels.length - 2, TokenRow.IGNORED);
            rows.add(new TokenRow(row.inputIds(), labels, null, row.row()));
        }
        return rows;
    }

    private static TrainingConfig training() {
        return TrainingConfig.builder()
                .steps(6L)
                .batchSize(3)
                .learningRate(1e-2)
                .build();
    }

    private static void randomise(Adapter adapter) {
        Random random = new Random(4);
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.3 * random.nextGaussian());
            }
            parameter.set(values);
        }
    }

    private static void measure(Adapter adapter, List<TokenRow> rows) {
        RouterStatistics statistics = RouterStatistics.of(adapter);
        Batch batch = Batch.of(rows);
        try (Tape tape = Tape.inference(device)) {
            base.with(adapter).hidden(tape, statistics.pass().withRows(batch.layout()), batch.ids(), batch.starts());
        }
        statistics.finish();
    }

    private static float[] logits(LanguageModel model, List<TokenRow> rows, int row) {
        Batch batch = Batch.of(rows);
        try (Tape tape = Tape.inference(device)) {
            Tensor hidden =
                    model.hidden(tape, AdapterPass.inference().withRows(batch.layout()), batch.ids(), batch.starts());
            return model.logits(tape, hidden, batch.starts()[row + 1] - 1).toArray();
        }
    }

    /** Of the lowest linear, whose input the observer of modules sees: by the definition, in double. */
    @Test
    void statisticsAreThoseOfTheRows() {
        List<TokenRow> rows = rows();
        Batch batch = Batch.of(rows);
        List<double[]> states = new ArrayList<>();
        try (Adapter adapter = Adapter.create(base, config(), 1)) {
            assertThat(RouterStatistics.areMissing(adapter)).isTrue();
            float[] x = inputOfLowest(batch);
            int width = x.length / batch.tokens();
            double[] mean = new double[width];
            for (int r = 0; r < rows.size(); r++) {
                double[] h = new double[width];
                for (int t = batch.starts()[r]; t < batch.starts()[r + 1] - 2; t++) {
                    for (int i = 0; i < width; i++) {
                        h[i] += x[t * width + i];
                    }
                }
                double rms = Math.sqrt(Arrays.stream(h).map(v -> v * v).sum() / width);
                for (int i = 0; i < width; i++) {
                    h[i] /= rms;
                    mean[i] += h[i] / rows.size();
                }
                states.add(h);
            }
            double variance = 0;
            for (double[] h : states) {
                for (int i = 0; i < width; i++) {
                    variance += (h[i] - mean[i]) * (h[i] - mean[i]) / width / rows.size();
                }
            }
            measure(adapter, rows);
            assertThat(RouterStatistics.areMissing(adapter)).isFalse();
            double scale = 0.5 / Math.sqrt(variance);
            Map<String, Parameter> statistics = adapter.layers().get(LOWEST).routerStatistics();
            float[] scales = statistics.get(Router.Prompt.SCALE).toArray();
            float[] centre = statistics.get(Router.Prompt.CENTRE).toArray();
            for (int i = 0; i < width; i++) {
                assertThat(scales[i]).isCloseTo((float) scale, within((float) scale * 1e-4f));
                assertThat(centre[i]).isCloseTo((float) (scale * mean[i]), within((float) scale * 1e-4f));
            }
        }
    }

    /** What goes into q_proj of the lowest layer: found with a router of tokens whose gate is the identity on some features. */
    private static float[] inputOfLowest(Batch batch) {
        int width = base.linears().getFirst().in();
        LoraConfig identity = LoraConfig.builder()
                .rank(width)
                .alpha(width)
                .targets(List.of("layers.0.self_attn.q_proj"))
                .build();
        try (Adapter probe = Adapter.create(base, identity, 1)) {
            float[] eye = new float[width * width];
            for (int i = 0; i < width; i++) {
                eye[i * width + i] = 1;
            }
            probe.parameters().get(LOWEST + ".lora_A").set(eye);
            float[][] seen = new float[2][];
            for (int with = 0; with < 2; with++) {
                float[] b = new float[base.linears().getFirst().out() * width];
                for (int i = 0; i < width && with == 1; i++) {
                    b[i * width + i] = 1;
                }
                probe.parameters().get(LOWEST + ".lora_B").set(b);
                int now = with;
                AdapterPass pass = AdapterPass.training(LossSettings.NONE, 0, 0, (module, out) -> {
                    if (module.equals(LOWEST)) {
                        seen[now] = out.toArray();
                    }
                });
                try (Tape tape = Tape.inference(device)) {
                    base.with(probe).hidden(tape, pass.withRows(batch.layout()), batch.ids(), batch.starts());
                }
            }
            float[] x = seen[1].clone();
            for (int i = 0; i < x.length; i++) {
                x[i] -= seen[0][i];
            }
            return x;
        }
    }

    @Test
    void aChoiceDoesNotDependOnTheOtherRowsOfABatch() {
        List<TokenRow> rows = rows();
        try (Adapter adapter = Adapter.create(base, config(), 1)) {
            randomise(adapter);
            measure(adapter, rows);
            LanguageModel model = base.with(adapter);
            for (int r = 0; r < rows.size(); r++) {
                float[] alone = logits(model, List.of(rows.get(r)), 0);
                float[] together = logits(model, rows, r);
                for (int i = 0; i < alone.length; i++) {
                    assertThat(together[i]).isCloseTo(alone[i], within(2e-5f));
                }
            }
        }
    }

    @Test
    void allTokensOfARowHaveTheGatesOfItsPrompt() {
        List<TokenRow> rows = rows();
        Batch batch = Batch.of(rows);
        try (Adapter adapter = Adapter.create(base, config(), 1)) {
            randomise(adapter);
            measure(adapter, rows);
            Map<String, float[]> gates = new TreeMap<>();
            AdapterPass pass = AdapterPass.observed(
                    (module, u, b, routing) -> gates.put(module, routing.gate().toArray()));
            try (Tape tape = Tape.inference(device)) {
                base.with(adapter).hidden(tape, pass.withRows(batch.layout()), batch.ids(), batch.starts());
            }
            float[] g = gates.get(LOWEST);
            for (int r = 0; r < rows.size(); r++) {
                float[] first = Arrays.copyOfRange(g, batch.starts()[r] * 4, batch.starts()[r] * 4 + 4);
                for (int t = batch.starts()[r]; t < batch.starts()[r + 1]; t++) {
                    assertThat(Arrays.copyOfRange(g, t * 4, t * 4 + 4)).isEqualTo(first);
                }
            }
            float[] one = Arrays.copyOfRange(g, 0, 4);
            assertThat(Arrays.copyOfRange(g, batch.starts()[1] * 4, batch.starts()[1] * 4 + 4))
                    .isNotEqualTo(one);
        }
    }

    /** A row of text alone has equal shares, whatever the router has learned; so has every row before statistics are measured. */
    @Test
    void withoutAPromptExpertsShareEqually() {
        int[] ids = {1, 5, 9, 2};
        MoeLoraConfig dense = MoeLoraConfig.builder()
                .experts(4)
                .rank(2)
                .gate(new GatePolicy.Dense())
                .router(new Router.Prompt())
                .build();
        try (Adapter adapter = Adapter.create(base, dense, 1)) {
            randomise(adapter);
            List<float[]> seen = new ArrayList<>();
            for (int prompt : new int[] {0, 2}) {
                AdapterPass pass = AdapterPass.observed(
                        (module, u, b, routing) -> seen.add(routing.gate().toArray()));
                try (Tape tape = Tape.inference(device)) {
                    base.with(adapter)
                            .hidden(
                                    tape,
                                    pass.withRows(new RowLayout(
                                            Arrays.asList((String) null), new int[] {0, 4}, new int[] {prompt})),
                                    ids,
                                    new int[] {0, 4});
                }
                if (prompt == 0) {
                    measure(adapter, rows());
                }
            }
            int modules = adapter.modules().size();
            for (int m = 0; m < modules; m++) {
                for (float gate : seen.get(m)) {
                    assertThat(gate).isCloseTo(0.25f, within(1e-6f));
                }
            }
            assertThat(seen.get(modules)[0]).isNotCloseTo(0.25f, within(1e-4f));
        }
    }

    /** The choice made from the prompt is kept while the answer grows, and it is the one that scoring the same text makes. */
    @Test
    void generationRoutesAsScoringDoes() {
        List<TokenRow> rows = rows();
        try (Adapter adapter = Adapter.create(base, config(), 1)) {
            randomise(adapter);
            measure(adapter, rows);
            LanguageModel model = base.with(adapter);
            int[] prompt = {1, 5, 9, 2, 7};
            int[] other = {4, 3};
            List<int[]> answers = Generation.of(model, GenerationOptions.GREEDY.withMaxTokens(6))
                    .ids(List.of(other, prompt), (sequence, id) -> sequence == 1);
            int[] answer = answers.get(1);
            assertThat(answer.length).isGreaterThan(2);
            for (int n = 1; n <= answer.length; n++) {
                int[] ids = Arrays.copyOf(prompt, prompt.length + n);
                System.arraycopy(answer, 0, ids, prompt.length, n);
                int[] labels = ids.clone();
                Arrays.fill(labels, 0, prompt.length, TokenRow.IGNORED);
                TokenRow row = new TokenRow(ids, labels, null, 0);
                Batch batch = Batch.of(List.of(row));
                try (Tape tape = Tape.inference(device)) {
                    Tensor hidden = model.hidden(
                            tape, AdapterPass.inference().withRows(batch.layout()), batch.ids(), batch.starts());
                    float[] scores =
                            model.logits(tape, hidden, prompt.length + n - 2).toArray();
                    int best = 0;
                    for (int i = 1; i < scores.length; i++) {
                        best = scores[i] > scores[best] ? i : best;
                    }
                    assertThat(answer[n - 1]).isEqualTo(best);
                }
            }
        }
    }

    /** For one prompt a mixture is a LoRA, and the same for what follows the prompt. */
    @Test
    void forOnePromptItIsOneUpdate() {
        try (Adapter adapter = Adapter.create(base, config(), 1)) {
            randomise(adapter);
            measure(adapter, rows());
            TokenRow row = rows().get(0);
            int[] prompt = Arrays.copyOf(row.inputIds(), row.promptLength());
            try (Adapter fixed = MoeLora.fixed(base, adapter, base.with(adapter).gates(prompt))) {
                assertThat(fixed.config().gate()).isNull();
                float[] expected = logits(base.with(adapter), List.of(row), 0);
                float[] one = logits(base.with(fixed), List.of(row), 0);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(one[i]).isCloseTo(expected[i], within(2e-5f));
                }
                assertThat(logits(base.with(fixed), List.of(rows().get(1)), 0))
                        .isNotEqualTo(logits(base.with(adapter), List.of(rows().get(1)), 0));
            }
        }
    }

    /** Statistics are measured once, before the first step, and come back with a checkpoint. */
    @Test
    void aRunThatWasStoppedEndsInTheSameBytes(@TempDir Path temp) {
        try (Adapter whole = Adapter.create(base, config(), 5);
                Adapter first = Adapter.create(base, config(), 5);
                Adapter rest = Adapter.create(base, config(), 5)) {
            tuner(whole).into(temp.resolve("whole")).run();
            assertThatThrownBy(() -> tuner(first).into(temp.resolve("run")).run(stoppingAfter(3)))
                    .hasMessage("stop");
            tuner(rest).resume(temp.resolve("run")).run();
            for (String name : List.of(LOWEST + ".moe_gate", LOWEST + ".lora_B")) {
                assertThat(rest.parameters().get(name).toArray())
                        .isEqualTo(whole.parameters().get(name).toArray());
            }
            assertThat(rest.layers().get(LOWEST).statistic(Router.Prompt.CENTRE).toArray())
                    .isEqualTo(whole.layers()
                            .get(LOWEST)
                            .statistic(Router.Prompt.CENTRE)
                            .toArray());
            whole.save(temp.resolve("saved"));
            assertThat(AdapterSummary.read(temp.resolve("saved")).parameters()).isEqualTo(whole.parameterCount());
            try (Adapter loaded = Adapter.load(temp.resolve("saved"), base)) {
                assertThat(logits(base.with(loaded), rows(), 1)).isEqualTo(logits(base.with(whole), rows(), 1));
            }
        }
    }

    private static TrainingListener stoppingAfter(long last) {
        return new TrainingListener() {
            @Override
            public void step(Step step) {
                if (step.step() == last) {
                    throw new IllegalStateException("stop");
                }
            }
        };
    }

    private static FineTuner tuner(Adapter adapter) {
        return FineTuner.of(base.with(adapter))
                .onRows(rows())
                .config(training())
                .checkpoints(new CheckpointPolicy(1, 0, 2));
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new Router.Prompt(0))
                .isInstanceOf(InputException.class)
                .hasMessage("router-rms is 0.0; expected above 0 and at most 1000");
        assertThatThrownBy(() -> MoeLoraConfig.builder()
                        .gate(new GatePolicy.TaskGate(List.of("a", "b"), 4))
                        .router(new Router.Prompt())
                        .build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the gate task looks at the row's task alone");
    }
}
