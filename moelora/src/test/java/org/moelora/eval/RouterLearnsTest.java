package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.data.TokenRow;
import org.moelora.engine.Parameter;
import org.moelora.engine.optim.Schedule;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import org.moelora.train.WarmUp;

/** Two tasks that answer the same symbols by disjoint maps, and two experts: a router that can learn parts the tasks. */
class RouterLearnsTest {
    private static final List<String> TASKS = List.of("first", "second");
    private static final int SYMBOLS = 16;
    private static final long STEPS = 80;
    private static final long SHORT = 40;
    private static final long SEED = 1;

    /** Bits of the one that there is to know, in the mean over linears. */
    private static final double BOUND = 0.2;

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
        return MoeLoraConfig.builder().experts(2).rank(2).targets(List.of("up_proj"));
    }

    /** All that look at the token, the prompt or the task; with two experts top-k of two is the paper's form. */
    static Stream<Arguments> routers() {
        return Stream.of(
                Arguments.of("top-k", mixture().build()),
                Arguments.of("top-k-raw", mixture().renormalise(false).build()),
                Arguments.of("dense", mixture().gate(new GatePolicy.Dense()).build()),
                Arguments.of(
                        "threshold", mixture().gate(new GatePolicy.Threshold(0)).build()),
                Arguments.of(
                        "task",
                        mixture().gate(new GatePolicy.TaskGate(TASKS, 8)).build()),
                Arguments.of("prompt", mixture().router(new Router.Prompt()).build()),
                Arguments.of(
                        "shared prompt",
                        mixture()
                                .router(new Router.Prompt(Router.Prompt.RMS, Router.Share.INPUT))
                                .targets(List.of("gate_proj", "up_proj"))
                                .build()),
                Arguments.of(
                        "dense prompt",
                        mixture()
                                .router(new Router.Prompt())
                                .gate(new GatePolicy.Dense())
                                .build()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("routers")
    void aRouterThatCanLearnTellsTheTasksApart(String name, MoeLoraConfig config) {
        RoutingReport report = trained(config, LossSettings.NONE, STEPS, rows(), false);
        assertThat(report.mean(LinearRouting::information)).isGreaterThan(BOUND);
        assertThat(report.mean(LinearRouting::untrained)).isLessThan(BOUND / 10);
    }

    /** Where both tasks have one map the answers are no reason to part them, and a router that does not know their names leaves bits over. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"prompt", "shared prompt"})
    void namesTeachWhatAnswersDoNot(String name) {
        List<TokenRow> alike = rows(false);
        RoutingReport taught =
                trained(named(name), LossSettings.NONE.with(LossSettings.TASK_WEIGHT, 0.3), SHORT, alike, false);
        RoutingReport alone = trained(named(name), LossSettings.NONE, SHORT, alike, false);
        assertThat(taught.mean(LinearRouting::information)).isGreaterThan(0.85);
        assertThat(alone.mean(LinearRouting::information)).isLessThan(0.75);
    }

    /** The bound means something: experts that learn under routers that do not stay below it. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"dense", "task", "prompt"})
    void aRouterThatCannotLearnDoesNot(String name) {
        RoutingReport report = trained(named(name), LossSettings.NONE, STEPS, rows(), true);
        assertThat(report.mean(LinearRouting::information)).isLessThan(BOUND / 10);
    }

    private static MoeLoraConfig named(String name) {
        return routers()
                .filter(each -> each.get()[0].equals(name))
                .map(each -> (MoeLoraConfig) each.get()[1])
                .findFirst()
                .orElseThrow();
    }

    /**
     * @param held whether the router's weights are put back after every step
     */
    private RoutingReport trained(
            MoeLoraConfig config, LossSettings losses, long steps, List<TokenRow> rows, boolean held) {
        try (Adapter adapter = Adapter.create(base, config, SEED)) {
            List<Parameter> router = adapter.parameters().parameters().stream()
                    .filter(parameter -> !parameter.name().contains(".lora_"))
                    .toList();
            List<float[]> first = router.stream().map(Parameter::toArray).toList();
            TrainingConfig training = TrainingConfig.builder()
                    .losses(losses)
                    .steps(steps)
                    .batchSize(2 * SYMBOLS)
                    .learningRate(1e-2)
                    .schedule(Schedule.Decay.CONSTANT)
                    .warmUp(WarmUp.NONE)
                    .seed(SEED)
                    .build();
            FineTuner.of(base.with(adapter)).onRows(rows).config(training).run(new TrainingListener() {
                @Override
                public void step(Step step) {
                    for (int i = 0; i < router.size() && held; i++) {
                        router.get(i).set(first.get(i));
                    }
                }
            });
            return RoutingReport.measure(base.with(adapter), rows, SEED);
        }
    }

    /** A mark of the task, a symbol, and what the task makes of it: symbols of its own, in an order of its own. */
    private static List<TokenRow> rows() {
        return rows(true);
    }

    private static List<TokenRow> rows(boolean apart) {
        List<TokenRow> rows = new ArrayList<>();
        for (int task = 0; task < 2; task++) {
            for (int symbol = 0; symbol < SYMBOLS; symbol++) {
                int map = apart ? task : 0;
                int answer = 40 + map * SYMBOLS + (symbol * (3 + 2 * map) + map) % SYMBOLS;
                int[] ids = {3 + task, 3 + task, 10 + symbol, answer};
                int[] labels = {TokenRow.IGNORED, TokenRow.IGNORED, TokenRow.IGNORED, answer};
                rows.add(new TokenRow(ids, labels, TASKS.get(task), rows.size()));
            }
        }
        return rows;
    }
}
