package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.RouterPhase;
import org.moelora.adapter.TaskHeads;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.model.Vectors;

/** The names of tasks teach the router, beside the language model's loss. */
class TaskLossTest {
    private static final List<String> TASKS = List.of("a", "b", "c");
    private static final int EXPERTS = 4;
    private static final LossSettings ALONE = LossSettings.NONE.with(LossSettings.TASK_WEIGHT, 0.5);

    private Device device;
    private Decoder base;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(1, true));
        base = Decoder.load(Vectors.path("llama"), device);
    }

    @AfterEach
    void everythingIsGivenBack() {
        base.close();
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    private static MoeLoraConfig.Builder mixture() {
        return MoeLoraConfig.builder()
                .experts(EXPERTS)
                .rank(2)
                .router(new Router.Prompt())
                .targets(List.of("layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj"));
    }

    static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of("top-k", mixture().build(), 2),
                Arguments.of("dense", mixture().gate(new GatePolicy.Dense()).build(), 2),
                Arguments.of(
                        "threshold", mixture().gate(new GatePolicy.Threshold(0)).build(), 2),
                Arguments.of(
                        "shared",
                        mixture()
                                .gate(new GatePolicy.Raw(1))
                                .router(new Router.Prompt(0.5, Router.Share.INPUT))
                                .build(),
                        1));
    }

    /** Tasks in unequal numbers, and a row without one. */
    private static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        List<@Nullable String> tasks = Arrays.asList("a", "c", null, "a", "b", "a", "c", "b");
        for (TokenRow row : Vectors.rows("llama").subList(0, tasks.size())) {
            int[] labels = row.inputIds().clone();
            Arrays.fill(labels, 0, labels.length - 2, TokenRow.IGNORED);
            rows.add(new TokenRow(row.inputIds(), labels, tasks.get(row.row()), row.row()));
        }
        return rows;
    }

    private static List<TokenRow> renamed(UnaryOperator<@Nullable String> task) {
        return rows().stream()
                .map(row -> new TokenRow(row.inputIds(), row.labels(), task.apply(row.task()), row.row()))
                .toList();
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

    /** What experts of each router were seen with. */
    private static Map<String, double[]> seen(Adapter adapter) {
        Random random = new Random(9);
        Map<String, double[]> seen = new LinkedHashMap<>();
        for (String module : adapter.modules()) {
            double[] sums = new double[TASKS.size() * EXPERTS];
            for (int a = 0; a < TASKS.size(); a++) {
                double all = 0;
                for (int e = 0; e < EXPERTS; e++) {
                    sums[a * EXPERTS + e] = Math.exp(2 * random.nextGaussian());
                    all += sums[a * EXPERTS + e];
                }
                for (int e = 0; e < EXPERTS; e++) {
                    sums[a * EXPERTS + e] *= 7 / all;
                }
            }
            seen.put(module, sums);
        }
        return seen;
    }

    private static TaskHeads taught(Adapter adapter) {
        TaskHeads heads = new TaskHeads(TASKS);
        heads.learn(seen(adapter));
        return heads;
    }

    private static TrainingStep backward(LanguageModel model, List<Batch> batches, TaskHeads heads, boolean recompute) {
        return TrainingStep.backward(model, batches, ALONE, RouterPhase.FINAL, heads, 1, 0, recompute, null);
    }

    /** By its formula in double, from the gates that an observer sees. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void isTheCrossEntropyOfTheNames(String name, AdapterConfig config, int routers) {
        Batch batch = Batch.of(rows());
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            randomise(adapter);
            LanguageModel model = base.with(adapter);
            PromptStatistics.measure(model, rows());
            Map<String, float[]> p = new LinkedHashMap<>();
            AdapterPass pass = AdapterPass.observed(
                    (module, u, b, routing) -> p.put(module, routing.p().toArray()));
            try (Tape tape = Tape.inference(device)) {
                model.hidden(tape, pass.withRows(batch.layout()), batch.ids(), batch.starts());
            }
            double expected = 0;
            for (String module : adapter.modules().subList(0, routers)) {
                double[] n = seen(adapter).get(module);
                for (int r = 0; r < batch.rows().size(); r++) {
                    String task = batch.rows().get(r).task();
                    int a = task == null ? -1 : TASKS.indexOf(task);
                    for (int e = 0; e < EXPERTS && a >= 0; e++) {
                        double all = 0;
                        for (int b = 0; b < TASKS.size(); b++) {
                            all += n[b * EXPERTS + e] / 7 + 1e-3;
                        }
                        double cost = -Math.log((n[a * EXPERTS + e] / 7 + 1e-3) / all);
                        expected +=
                                p.get(module)[batch.starts()[r] * EXPERTS + e] * cost / 3 / (a == 0 ? 3 : 2) / routers;
                    }
                }
            }
            adapter.parameters().startTraining();
            TrainingStep step = backward(model, List.of(batch), taught(adapter), false);
            adapter.parameters().stopTraining();
            assertThat(step.task()).isCloseTo(expected, within(1e-5));
            assertThat(step.loss(ALONE)).isCloseTo(step.lm() + 0.5 * expected, within(1e-5));
        }
    }

    /** Along the gradient of each router, in float32. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void gradientsAreThoseOfTheLoss(String name, AdapterConfig config, int routers) {
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            randomise(adapter);
            LanguageModel model = base.with(adapter);
            PromptStatistics.measure(model, rows());
            List<Batch> batches = List.of(Batch.of(rows()));
            TaskHeads heads = taught(adapter);
            adapter.parameters().startTraining();
            TrainingStep.backward(model, batches, LossSettings.NONE, 1, 0, false);
            Map<String, float[]> without = gradients(adapter);
            adapter.parameters().clearGradients();
            backward(model, batches, heads, false);
            Map<String, float[]> with = gradients(adapter);
            assertThat(with).hasSize(routers);
            with.forEach((router, gradient) -> {
                float[] direction = gradient.clone();
                double norm = 0;
                for (int i = 0; i < direction.length; i++) {
                    direction[i] -= without.get(router)[i]; // the choice of experts may jump, L_task does not
                    norm += (double) direction[i] * direction[i];
                }
                norm = Math.sqrt(norm);
                assertThat(norm).isGreaterThan(1e-4);
                double up = task(model, batches, heads, router, direction, 1e-2 / norm);
                double down = task(model, batches, heads, router, direction, -1e-2 / norm);
                assertThat(0.5 * (up - down) / 2e-2).isCloseTo(norm, within(0.01 * norm));
            });
            adapter.parameters().stopTraining();
        }
    }

    private static Map<String, float[]> gradients(Adapter adapter) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        adapter.parameters().parameters().stream()
                .filter(parameter -> parameter.name().endsWith("." + GatePolicy.ROUTER))
                .forEach(parameter -> gradients.put(parameter.name(), parameter.gradientArray()));
        return gradients;
    }

    private static double task(
            LanguageModel model,
            List<Batch> batches,
            TaskHeads heads,
            String router,
            float[] direction,
            double length) {
        Parameter parameter = model.adapter().parameters().get(router);
        float[] values = parameter.toArray();
        float[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (length * direction[i]);
        }
        parameter.set(moved);
        double task = backward(model, batches, heads, false).task();
        parameter.set(values);
        return task;
    }

    /** Additive over micro-batches, of which one has no name and one a single row; and the layers may be run twice. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void doesNotDependOnHowAStepIsSplit(String name, AdapterConfig config, int routers) {
        List<TokenRow> rows = rows();
        List<Batch> split = List.of(
                Batch.of(rows.subList(0, 2)),
                Batch.of(rows.subList(2, 3)),
                Batch.of(rows.subList(3, 7)),
                Batch.of(rows.subList(7, 8)));
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            randomise(adapter);
            LanguageModel model = base.with(adapter);
            PromptStatistics.measure(model, rows);
            TaskHeads heads = taught(adapter);
            adapter.parameters().startTraining();
            TrainingStep whole = backward(model, List.of(Batch.of(rows)), heads, false);
            Map<String, float[]> expected = gradients(adapter);
            adapter.parameters().clearGradients();
            TrainingStep parts = backward(model, split, heads, true);
            assertThat(parts.task()).isCloseTo(whole.task(), within(1e-6));
            assertThat(parts.taskShares())
                    .hasSize(routers)
                    .containsOnlyKeys(whole.taskShares().keySet());
            whole.taskShares()
                    .forEach((router, sums) ->
                            assertThat(parts.taskShares().get(router)).containsExactly(sums, within(1e-5)));
            gradients(adapter).forEach((router, gradient) -> {
                for (int i = 0; i < gradient.length; i++) {
                    assertThat(gradient[i]).isCloseTo(expected.get(router)[i], within(1e-6f));
                }
            });
            adapter.parameters().stopTraining();
        }
    }

    /** With the heads that the probabilities themselves give, it is H(task | expert): what the bits of a report leave over. */
    @Test
    void heads() {
        TaskHeads heads = new TaskHeads(Arrays.asList("b", null, "a", "b"));
        assertThat(heads.tasks()).containsExactly("a", "b");
        heads.learn(Map.of("x", new double[] {3, 0, 1, 1}));
        assertThat(heads.counts().get("x")).containsExactly(3, 0, 1, 1);
        heads.learn(Map.of("x", new double[] {0, 2, 0, 0}));
        float kept = 0.98f * 0.98f;
        assertThat(heads.counts().get("x")).containsExactly(new float[] {3 * kept, 2, 1, 1}, within(1e-6f));
        TaskHeads other = new TaskHeads(List.of("a", "b"));
        other.restore(heads.counts());
        assertThat(other.counts().get("x")).isEqualTo(heads.counts().get("x"));
        assertThatThrownBy(() -> heads.lesson(List.of("c"))).isInstanceOf(IllegalArgumentException.class);
    }

    /** The same bits on one thread and two, kept or recomputed, and in a run that was stopped; rows without names change nothing. */
    @Test
    void trainsTheSameBits(@TempDir Path temp) throws Exception {
        MoeLoraConfig config = mixture().build();
        float[] once;
        try (Adapter whole = Adapter.create(base, config, 5);
                Adapter first = Adapter.create(base, config, 5);
                Adapter rest = Adapter.create(base, config, 5);
                Adapter recomputed = Adapter.create(base, config, 5)) {
            List<Double> losses = new ArrayList<>();
            tuner(base, whole, false).into(temp.resolve("whole")).run(new TrainingListener() {
                @Override
                public void step(Step step) {
                    losses.add(step.task());
                    assertThat(step.loss()).isCloseTo(step.lm() + 0.5 * step.task(), within(1e-9));
                }
            });
            assertThat(losses.getFirst()).isCloseTo(Math.log(3), within(1e-6));
            assertThat(losses.getLast()).isLessThan(losses.getFirst());
            assertThat(Files.readString(temp.resolve("whole/metrics.jsonl"))).contains("\"task\":" + losses.getLast());
            once = router(whole);
            assertThatThrownBy(() ->
                            tuner(base, first, false).into(temp.resolve("run")).run(stoppingAfter(3)))
                    .hasMessage("stop");
            assertThatThrownBy(() -> tuner(base, rest, false)
                            .config(training(false, LossSettings.NONE))
                            .resume(temp.resolve("run"))
                            .run())
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("task-weight is 0.0, and the run has 0.5");
            tuner(base, rest, false).resume(temp.resolve("run")).run();
            assertThat(router(rest)).isEqualTo(once);
            tuner(base, recomputed, true).run();
            assertThat(router(recomputed)).isEqualTo(once);
        }
        try (Device two = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder decoder = Decoder.load(Vectors.path("llama"), two);
                Adapter adapter = Adapter.create(decoder, config, 5)) {
            tuner(decoder, adapter, false).run();
            assertThat(router(adapter)).isEqualTo(once);
        }
    }

    private static float[] router(Adapter adapter) {
        return adapter.parameters()
                .get(adapter.modules().getFirst() + "." + GatePolicy.ROUTER)
                .toArray();
    }

    private static FineTuner tuner(Decoder decoder, Adapter adapter, boolean recompute) {
        return FineTuner.of(decoder.with(adapter))
                .onRows(rows())
                .config(training(recompute, ALONE))
                .checkpoints(new CheckpointPolicy(1, 0, 2));
    }

    private static TrainingConfig training(boolean recompute, LossSettings losses) {
        return TrainingConfig.builder()
                .losses(losses)
                .steps(6L)
                .batchSize(3)
                .gradAccumulation(2)
                .learningRate(1e-2)
                .recompute(recompute)
                .build();
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

    @Test
    void whatCannotBeTaughtIsRefused() {
        assertThatThrownBy(() -> LossSettings.NONE.with(LossSettings.TASK_WEIGHT, -1.0))
                .isInstanceOf(InputException.class)
                .hasMessage("task-weight is -1.0; expected a finite number, 0 or more");
        for (AdapterConfig config : List.of(
                MoeLoraConfig.builder().build(),
                MoeLoraConfig.builder().gate(new GatePolicy.TaskGate(TASKS, 4)).build(),
                LoraConfig.builder().build())) {
            assertThatThrownBy(() -> ALONE.check(config))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("task-weight is 0.5")
                    .hasMessageContaining("expected the router prompt");
        }
        try (Adapter adapter = Adapter.create(base, mixture().build(), 1)) {
            assertRefused(adapter, renamed(task -> null), "name no task; expected rows of at least two tasks");
            assertRefused(adapter, renamed(task -> task == null ? null : "a"), "name the task \"a\" alone");
        }
    }

    private void assertRefused(Adapter adapter, List<TokenRow> rows, String sentence) {
        FineTuner tuner = FineTuner.of(base.with(adapter)).onRows(rows).config(training(false, ALONE));
        assertThatThrownBy(tuner::run).isInstanceOf(InputException.class).hasMessageContaining(sentence);
    }
}
