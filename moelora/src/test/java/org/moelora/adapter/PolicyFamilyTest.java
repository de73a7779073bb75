package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
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
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import org.moelora.train.TrainingStep;
import org.moelora.train.WarmUp;

/** Every member of the family, as the one formula with its gate, its experts and its loss. */
class PolicyFamilyTest {
    private static final LossSettings NONE = LossSettings.NONE;
    private static final GatePolicy.TaskGate BY_TASK = new GatePolicy.TaskGate(List.of("add", "sub", "sort"), 5);

    private Device device;
    private Decoder base;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(2, true));
        base = Decoder.load(Vectors.path("llama"), device);
    }

    @AfterEach
    void everythingIsGivenBack() {
        base.close();
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    private static MoeLoraConfig.Builder mixture() {
        return MoeLoraConfig.builder().experts(4).rank(2);
    }

    /** On the lowest layer, as a change further down would reach the router, and no gradient goes that way. */
    static MoeLoraConfig.Builder prompt() {
        return mixture()
                .router(new Router.Prompt())
                .targets(List.of("layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj"));
    }

    private static MoeLoraConfig.Builder cores() {
        return mixture().rank(3).gate(new GatePolicy.Dense()).space(ExpertSpace.CORE);
    }

    static Stream<Arguments> family() {
        LossSettings token =
                new LossSettings(0.1, 0.1, 0.5, 512).with(LossSettings.CONTRAST, LossSettings.Contrast.TOKEN);
        LossSettings gated =
                new LossSettings(0, 0.1, 0.5, 512).with(LossSettings.CONTRAST, LossSettings.Contrast.GATED);
        LossSettings informed = NONE.withBalance(0.1, LossSettings.Balance.MUTUAL_INFORMATION);
        LossSettings bias = new LossSettings(0, 0.1, 0.5, 512).withBalance(0, LossSettings.Balance.BIAS);
        return Stream.of(
                Arguments.of("lora", LoraConfig.builder().rank(3).build(), NONE),
                Arguments.of(
                        "rslora",
                        LoraConfig.builder().rank(3).rankStabilised(true).build(),
                        NONE),
                Arguments.of("dora", LoraConfig.builder().rank(3).dora(true).build(), NONE),
                Arguments.of("moelora", mixture().build(), new LossSettings(0.1, 0.1, 0.5, 512)),
                Arguments.of(
                        "mola", mixture().expertsPerLayer(List.of(2, 4)).build(), new LossSettings(0.1, 0, 0.5, 512)),
                Arguments.of("loramoe", mixture().gate(new GatePolicy.Dense()).build(), NONE),
                Arguments.of(
                        "hydralora",
                        mixture().gate(new GatePolicy.Dense()).sharedA(true).build(),
                        NONE),
                Arguments.of("comol", cores().build(), NONE),
                Arguments.of(
                        "comol, top-k",
                        cores().rank(4).gate(new GatePolicy.Renormalised(2)).build(),
                        new LossSettings(0.1, 0.1, 0.5, 512)),
                Arguments.of(
                        "comol, prompt",
                        prompt().space(ExpertSpace.CORE)
                                .gate(new GatePolicy.Dense())
                                .build(),
                        NONE),
                Arguments.of(
                        "adamole", mixture().gate(new GatePolicy.Threshold(0)).build(), NONE),
                Arguments.of("task", mixture().gate(BY_TASK).build(), NONE),
                Arguments.of("comoe", mixture().build(), token),
                Arguments.of("gated", mixture().build(), gated),
                Arguments.of(
                        "gated, threshold",
                        mixture().gate(new GatePolicy.Threshold(0)).build(),
                        gated),
                Arguments.of(
                        "gated, prompt, dense",
                        prompt().gate(new GatePolicy.Dense()).build(),
                        gated),
                Arguments.of("mutual information", mixture().build(), informed),
                Arguments.of(
                        "mutual information, dense",
                        prompt().gate(new GatePolicy.Dense()).build(),
                        informed),
                Arguments.of(
                        "bias",
                        mixture().gate(new GatePolicy.Renormalised(2, true)).build(),
                        bias),
                Arguments.of(
                        "prompt, bias",
                        prompt().gate(new GatePolicy.Raw(1, true)).build(),
                        bias),
                Arguments.of("prompt", prompt().build(), new LossSettings(0.1, 0.1, 0.5, 512)),
                Arguments.of(
                        "prompt, dense", prompt().gate(new GatePolicy.Dense()).build(), NONE),
                Arguments.of(
                        "prompt, shared",
                        prompt().router(new Router.Prompt(0.5, Router.Share.INPUT))
                                .gate(new GatePolicy.Renormalised(2, true))
                                .build(),
                        bias),
                Arguments.of(
                        "prompt, shared, dense",
                        prompt().router(new Router.Prompt(0.5, Router.Share.INPUT))
                                .gate(new GatePolicy.Dense())
                                .build(),
                        informed),
                Arguments.of(
                        "prompt, shared, switch",
                        prompt().router(new Router.Prompt(0.5, Router.Share.INPUT))
                                .build(),
                        new LossSettings(0.1, 0.1, 0.5, 512)),
                Arguments.of(
                        "prompt, threshold",
                        prompt().gate(new GatePolicy.Threshold(0)).build(),
                        NONE));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("family")
    void aNewAdapterLeavesEveryBitOfTheLogits(String name, AdapterConfig config, LossSettings losses) {
        float[] plain = logits(base.plain());
        try (Adapter adapter = Adapter.create(base, config, 3)) {
            assertThat(adapter.parameterCount()).isEqualTo(config.parameterCount(base.linears()));
            assertThat(logits(base.with(adapter))).isEqualTo(plain);
            randomise(adapter);
            assertThat(logits(base.with(adapter))).isNotEqualTo(plain);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("family")
    void whatIsSavedIsWhatIsLoaded(String name, AdapterConfig config, LossSettings losses, @TempDir Path temp) {
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            randomise(adapter);
            adapter.save(temp.resolve("a"), losses);
            AdapterSummary summary = AdapterSummary.read(temp.resolve("a"));
            assertThat(summary.linears()).isEqualTo(adapter.modules().size());
            assertThat(summary.parameters()).isEqualTo(adapter.parameterCount());
            assertThat(summary.config()).isEqualTo(adapter.config());
            try (Adapter loaded = Adapter.load(temp.resolve("a"), base)) {
                assertThat(loaded.config()).isEqualTo(adapter.config());
                assertThat(logits(base.with(loaded))).isEqualTo(logits(base.with(adapter)));
            }
        }
    }

    /** Central differences in float32: coarse, but of the whole decoder, and of every kind of parameter. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("family")
    void gradientsAreThoseOfTheLoss(String name, AdapterConfig config, LossSettings losses) {
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            randomise(adapter);
            LanguageModel model = base.with(adapter);
            List<Batch> batches = List.of(Batch.of(rows().subList(0, 2).stream()
                    .map(PolicyFamilyTest::beginning)
                    .toList()));
            adapter.parameters().startTraining();
            TrainingStep.backward(model, batches, losses, 1, 0, false);
            Map<Parameter, float[]> gradients = new LinkedHashMap<>();
            adapter.parameters().parameters().forEach(each -> gradients.put(each, each.gradientArray()));
            for (Parameter parameter : gradients.keySet()) {
                if (config.dora() && !parameter.name().endsWith(Dora.MAGNITUDE)) {
                    continue; // not gradients of the loss, as the norms are constants in them: see DoraTest
                }
                // Along the gradient itself: the slope is its norm, which stands out from rounding.
                float[] gradient = gradients.get(parameter);
                double norm = norm(gradient);
                float[] values = parameter.toArray();
                assertThat(norm).as(parameter.name()).isPositive();
                // A long step may let a token choose other experts, a short one drowns in rounding: one of them does
                // neither.
                double error = Double.POSITIVE_INFINITY;
                for (double length : new double[] {3e-2, 1e-2, 3e-3, 1e-3}) {
                    double step = length / norm;
                    double up = loss(model, batches, losses, parameter, values, gradient, step);
                    double down = loss(model, batches, losses, parameter, values, gradient, -step);
                    error = Math.min(error, Math.abs((up - down) / (2 * length) / norm - 1));
                }
                parameter.set(values);
                assertThat(error).as(parameter.name() + " of norm " + norm).isLessThan(0.02);
            }
            adapter.parameters().stopTraining();
        }
    }

    private static double loss(
            LanguageModel model,
            List<Batch> batches,
            LossSettings losses,
            Parameter parameter,
            float[] values,
            float[] direction,
            double step) {
        float[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        parameter.set(moved);
        return TrainingStep.backward(model, batches, losses, 1, 0, false).loss(losses);
    }

    /** Few tokens, so that few are about to choose other experts. */
    private static TokenRow beginning(TokenRow row) {
        int[] ids = Arrays.copyOf(row.inputIds(), 4);
        int[] labels = ids.clone();
        labels[0] = TokenRow.IGNORED;
        labels[1] = TokenRow.IGNORED;
        return new TokenRow(ids, labels, row.task(), row.row());
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("family")
    void learnsTheSameBitsOnOneThreadAndTwoKeptOrRecomputed(String name, AdapterConfig config, LossSettings losses) {
        List<Double> loss = new ArrayList<>();
        List<Object> two = train(config, losses, 2, false, loss);
        assertThat(loss.getLast()).isLessThan(loss.getFirst());
        assertThat(train(config, losses, 1, false, new ArrayList<>())).isEqualTo(two);
        assertThat(train(config, losses, 2, true, new ArrayList<>())).isEqualTo(two);
    }

    /** Values of all parameters after some steps on the same rows. */
    private static List<Object> train(
            AdapterConfig config, LossSettings losses, int threads, boolean recompute, List<Double> seen) {
        try (Device own = Devices.open("cpu-simd", new DeviceOptions(threads, true));
                Decoder decoder = Decoder.load(Vectors.path("llama"), own);
                Adapter adapter = Adapter.create(decoder, config, 5)) {
            TrainingConfig training = TrainingConfig.builder()
                    .losses(
                            losses.contrastWeight() == 0
                                    ? losses
                                    : losses.with(LossSettings.CONTRAST_WEIGHT, 0.01)
                                            .with(LossSettings.MAX_PAIRS, 30))
                    .contrastWarmUp(WarmUp.NONE)
                    .steps(8L)
                    .batchSize(8)
                    .shuffle(false)
                    .learningRate(1e-2)
                    .recompute(recompute)
                    .build();
            FineTuner tuner = FineTuner.of(decoder.with(adapter))
                    .onRows(rows().subList(0, 8))
                    .config(training);
            assertThat(tuner.checkMemory().total()).isPositive();
            tuner.run(new TrainingListener() {
                @Override
                public void step(Step step) {
                    seen.add(step.lm());
                }
            });
            List<Object> values = new ArrayList<>();
            List<Parameter> all = new ArrayList<>(adapter.parameters().parameters());
            adapter.layers()
                    .values()
                    .forEach(layer -> all.addAll(layer.routerStatistics().values()));
            for (Parameter parameter : all) {
                for (float value : parameter.toArray()) {
                    values.add(Float.floatToRawIntBits(value));
                }
            }
            return values;
        }
    }

    /** The same numbers, at a deviation that goes with the width that the router reads; nothing else changes. */
    @Test
    void aRouterMayBeginWithLogitsThatDoNotDependOnTheWidth() {
        MoeLoraConfig config = mixture().build();
        try (Adapter fixed = Adapter.create(base, config, 1);
                Adapter other = Adapter.create(base, config, 1, GateInit.INVERSE_WIDTH)) {
            for (Parameter parameter : fixed.parameters().parameters()) {
                float[] expected = parameter.toArray();
                if (parameter.name().endsWith(".moe_gate")) {
                    for (int i = 0; i < expected.length; i++) {
                        expected[i] /=
                                (float) (0.02 * Math.sqrt(parameter.shape().dim(1)));
                    }
                }
                float[] actual = other.tensor(parameter.name()).toArray();
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i]).isCloseTo(expected[i], within(1e-6f));
                }
            }
        }
    }

    /** With all cores the identity, gates that add up to 1 make no difference. */
    @Test
    void coresThatAreTheIdentityAreLora() {
        try (Adapter adapter = Adapter.create(base, cores().alpha(6).build(), 1);
                Adapter lora = Adapter.create(
                        base, LoraConfig.builder().rank(3).alpha(6).build(), 1)) {
            randomise(adapter);
            for (AdapterLayer layer : adapter.layers().values()) {
                float[] identity = new float[4 * 3 * 3];
                for (int i = 0; i < 12; i++) {
                    identity[i * 3 + i % 3] = 1;
                }
                adapter.tensor(layer.module() + ".lora_core").set(identity);
                lora.tensor(layer.module() + ".lora_A").set(layer.a().toArray());
                lora.tensor(layer.module() + ".lora_B").set(layer.b().toArray());
            }
            float[] expected = logits(base.with(lora));
            float[] actual = logits(base.with(adapter));
            for (int i = 0; i < expected.length; i++) {
                assertThat(actual[i]).isCloseTo(expected[i], within(1e-5f));
            }
        }
    }

    /** What the gates of a prompt make of cores is one LoRA of the same rank. */
    @Test
    void coresWithFixedGatesAreOneUpdate() {
        MoeLoraConfig config = cores().gate(BY_TASK).build();
        try (Adapter adapter = Adapter.create(base, config, 1)) {
            randomise(adapter);
            try (Adapter fixed = Fixed.of(base, adapter, adapter.fixedGates("sub"))) {
                assertThat(fixed.config().rank()).isEqualTo(3);
                int[] ids = {5, 7, 1, 3};
                float[] one = hidden(base.with(adapter), ids, "sub");
                float[] other = hidden(base.with(fixed), ids, "sub");
                for (int i = 0; i < one.length; i++) {
                    assertThat(other[i]).isCloseTo(one[i], within(1e-4f));
                }
            }
            try (Adapter rest = Drop.of(base, adapter, 1)) {
                String module = adapter.modules().getFirst();
                float[] before = adapter.tensor(module + ".lora_core").toArray();
                float[] after = rest.tensor(module + ".lora_core").toArray();
                assertThat(after)
                        .hasSize(3 * 9)
                        .startsWith(Arrays.copyOf(before, 9))
                        .endsWith(Arrays.copyOfRange(before, 18, 36));
            }
        }
    }

    private float[] hidden(LanguageModel model, int[] ids, String task) {
        try (Tape tape = Tape.inference(device)) {
            int[] starts = {0, ids.length};
            return model.hidden(tape, AdapterPass.inference().over(task, starts), ids, starts)
                    .toArray();
        }
    }

    /** Two of four experts have all the load: after a step they are a thousandth less likely to be chosen, the others more. */
    @Test
    void aBiasFollowsTheLoads() {
        MoeLoraConfig config =
                mixture().gate(new GatePolicy.Renormalised(2, true)).build();
        try (Adapter adapter = Adapter.create(base, config, 1)) {
            String module = adapter.modules().getFirst();
            adapter.balance(Map.of(module, new int[] {7, 0, 4, 5}));
            adapter.balance(Map.of(module, new int[] {7, 0, 9, 0}));
            assertThat(adapter.tensor(module + ".moe_gate_bias").toArray())
                    .containsExactly(-0.002f, 0.002f, -0.001f, 0);
            assertThat(adapter.tensor(adapter.modules().getLast() + ".moe_gate_bias")
                            .toArray())
                    .containsOnly(0);
            // A bias above all probabilities decides alone.
            for (String each : adapter.modules()) {
                adapter.tensor(each + ".moe_gate_bias").set(new float[] {0, 3, 0, 2});
            }
            List<int[]> chosen = new ArrayList<>();
            try (Tape tape = Tape.inference(device)) {
                base.with(adapter)
                        .hidden(
                                tape,
                                AdapterPass.observed((name, u, b, routing) -> chosen.addAll(List.of(routing.chosen()))),
                                new int[] {1, 2, 3},
                                new int[] {0, 3});
            }
            assertThat(chosen)
                    .isNotEmpty()
                    .allSatisfy(experts -> assertThat(experts).containsExactly(1, 3));
        }
        assertThatThrownBy(() -> LossSettings.NONE
                        .withBalance(0, LossSettings.Balance.BIAS)
                        .check(mixture().build()))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "the balance bias moves the bias of a gate that chooses k experts by p + b, and the gate top-k has"
                                + " none; choose top-k or top-k-raw with a bias, or another balance");
        assertThatThrownBy(() -> LossSettings.DEFAULT.withBalance(0.1, LossSettings.Balance.BIAS))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "balance-weight is 0.1, and the balance bias is not a loss that it could weigh; set balance-weight to 0");
    }

    /** On one linear [out, in], by the papers' formulas. */
    @Test
    void parameterCounts() {
        LinearSite site = new LinearSite("model.layers.0.self_attn.q_proj", 0, 100, 60);
        long e = 4;
        long r = 2;
        long mixture = e * r * (100 + 60);
        long router = e * 100;
        assertThat(mixture().build().parameterCount(site)).isEqualTo(mixture + router);
        assertThat(mixture().gate(new GatePolicy.Dense()).build().parameterCount(site))
                .isEqualTo(mixture + router);
        assertThat(mixture().gate(new GatePolicy.Dense()).sharedA(true).build().parameterCount(site))
                .isEqualTo(r * 100 + e * r * 60 + router);
        assertThat(cores().build().parameterCount(site)).isEqualTo(3 * (100 + 60) + e * 3 * 3 + e * 3);
        assertThat(mixture().gate(new GatePolicy.Threshold(0)).build().parameterCount(site))
                .isEqualTo(mixture + router + 101);
        assertThat(LoraConfig.builder().rank(2).dora(true).build().parameterCount(site))
                .isEqualTo(r * (100 + 60) + 60);
        assertThat(mixture().gate(BY_TASK).build().parameterCount(site)).isEqualTo(mixture + 3 * 5 + e * 5);
    }

    @Test
    void expertsAreSpreadFromBottomToTop() {
        List<LinearSite> sites = IntStream.range(0, 32)
                .mapToObj(layer -> new LinearSite("model.layers." + layer + ".self_attn.q_proj", layer, 8, 8))
                .toList();
        MoeLoraConfig mola = mixture().expertsPerLayer(List.of(2, 4, 6, 8)).build();
        AdapterConfig spread = mola.on(sites);
        assertThat(sites.stream().map(spread::experts).toList())
                .isEqualTo(IntStream.range(0, 32)
                        .mapToObj(layer -> 2 + layer / 8 * 2)
                        .toList());
        // 5 experts on average: the parameters of 5 experts everywhere.
        assertThat(mola.parameterCount(sites))
                .isEqualTo(mixture().experts(5).build().parameterCount(sites));
        assertThatThrownBy(() -> mola.forLayers(3))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "experts are 4 numbers, and the model has 3 layers; give at most one number for each layer");
    }

    @Test
    void aContrastOfGatesNeedsGates() {
        LossSettings gated =
                new LossSettings(0, 0.1, 0.5, 512).with(LossSettings.CONTRAST, LossSettings.Contrast.GATED);
        gated.check(mixture().gate(new GatePolicy.Dense()).build());
        AdapterConfig lora = LoraConfig.builder().build();
        gated.withContrastWeight(0).check(lora);
        assertThatThrownBy(() -> gated.check(lora))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "the contrast gated teaches the gates of experts, and there is no gate; expected a mixture of"
                                + " experts, or no contrastive loss");
    }

    /** A threshold of at least one half above two experts of one half each selects no expert, whatever A and B are. */
    @Test
    void aTokenBelowItsThresholdIsLeftToTheBase() {
        float[] plain = logits(base.plain());
        try (Adapter adapter = Adapter.create(
                base, mixture().experts(2).gate(new GatePolicy.Threshold(1)).build(), 1)) {
            randomise(adapter);
            for (Parameter parameter : adapter.parameters().parameters()) {
                if (parameter.name().endsWith("moe_gate") || parameter.name().endsWith("moe_threshold")) {
                    parameter.set(new float[Math.toIntExact(parameter.shape().size())]);
                } else if (parameter.name().endsWith("moe_threshold_bias")) {
                    parameter.set(new float[] {1});
                }
            }
            assertThat(logits(base.with(adapter))).isEqualTo(plain);
        }
    }

    /** The gates of a task put into B make a LoRA of rank E r that computes the same. */
    @Test
    void theAdapterOfOneTaskIsOneUpdate() {
        try (Adapter adapter = Adapter.create(base, mixture().gate(BY_TASK).build(), 1);
                Adapter lora = Adapter.create(
                        base, LoraConfig.builder().rank(8).alpha(32).build(), 1)) {
            randomise(adapter);
            Map<String, double[]> gates = adapter.fixedGates("sub");
            for (String module : adapter.modules()) {
                double[] g = gates.get(module);
                assertThat(Arrays.stream(g).sum()).isCloseTo(1, within(1e-12));
                lora.parameters()
                        .get(module + ".lora_A")
                        .set(adapter.parameters().get(module + ".lora_A").toArray());
                float[] b = adapter.parameters().get(module + ".lora_B").toArray();
                for (int i = 0; i < b.length; i++) {
                    b[i] *= (float) g[i % 8 / 2];
                }
                lora.parameters().get(module + ".lora_B").set(b);
            }
            float[] expected = logits(base.with(lora));
            float[] ofTask = logits(base.with(adapter).forTask("sub"));
            assertThat(ofTask).isNotEqualTo(logits(base.with(adapter).forTask("add")));
            for (int i = 0; i < expected.length; i++) {
                assertThat(ofTask[i]).isCloseTo(expected[i], within(2e-4f));
            }
        }
    }

    /** Side by side, each prompt with the gates of its own task: what each gives alone under that task. */
    @Test
    void promptsOfSeveralTasksAreWrittenSideBySide() {
        try (Adapter adapter = Adapter.create(base, mixture().gate(BY_TASK).build(), 1)) {
            randomise(adapter);
            for (Parameter parameter : adapter.parameters().parameters()) {
                if (parameter.name().endsWith("task_gate") || parameter.name().endsWith("lora_B")) {
                    scale(parameter, 20); // so that tasks differ by far
                }
            }
            LanguageModel model = base.with(adapter);
            List<int[]> prompts = List.of(new int[] {1, 5, 9}, new int[] {1, 5, 9}, new int[] {4, 3});
            List<String> tasks = List.of("add", "sort", "sub");
            GenerationOptions options = GenerationOptions.GREEDY.withMaxTokens(6);
            List<int[]> together =
                    Generation.of(model, options).withTasks(tasks).ids(prompts, (s, id) -> true);
            for (int i = 0; i < tasks.size(); i++) {
                List<int[]> alone = Generation.of(model.forTask(tasks.get(i)), options)
                        .ids(List.of(prompts.get(i)), (s, id) -> true);
                assertThat(together.get(i)).isEqualTo(alone.getFirst());
            }
            assertThat(together.get(0)).isNotEqualTo(together.get(1));
        }
    }

    @Test
    void anUnknownTaskIsRefused() {
        try (Adapter adapter = Adapter.create(base, mixture().gate(BY_TASK).build(), 1)) {
            LanguageModel model = base.with(adapter);
            assertThatThrownBy(() -> model.forTask("mul"))
                    .isInstanceOf(InputException.class)
                    .hasMessage(
                            "there is no task \"mul\", and the adapter's gates depend on it; expected one of add, sub, sort");
            int[] ids = {1, 2, 3};
            try (Tape tape = Tape.inference(device)) {
                assertThatThrownBy(() -> model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, 3}))
                        .isInstanceOf(InputException.class)
                        .hasMessage(
                                "a row names no task, and the adapter's gates depend on it; expected one of add, sub, sort");
            }
        }
        try (Adapter adapter = Adapter.create(base, mixture().build(), 1)) {
            assertThatThrownBy(() -> base.with(adapter).forTask("add"))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("no gate depends on it");
        }
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(
                        () -> mixture().expertsPerLayer(List.of(2, 4)).topK(3).build())
                .isInstanceOf(InputException.class)
                .hasMessage("top-k is 3; expected 1 to the smallest number of experts, 2");
        assertThatThrownBy(() -> new GatePolicy.Threshold(1.5))
                .isInstanceOf(InputException.class)
                .hasMessage("max-threshold is 1.5; expected 0 (for 1 / experts) to 1");
        assertThatThrownBy(() -> new GatePolicy.TaskGate(List.of("a", "a"), 4)).isInstanceOf(InputException.class);
        LossSettings token =
                new LossSettings(0, 0.1, 0.1, 512).with(LossSettings.CONTRAST, LossSettings.Contrast.TOKEN);
        assertThatThrownBy(() -> token.check(mixture().topK(4).build()))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("top-k is 4 of 4 experts");
        assertThat(mixture().gate(new GatePolicy.Dense()).build().losses()).isEqualTo(NONE);
        assertThat(mixture().build().losses()).isEqualTo(LossSettings.DEFAULT);
    }

    /** Rows of three tasks. */
    static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        for (TokenRow row : Vectors.rows("llama")) {
            rows.add(new TokenRow(row.inputIds(), row.labels(), BY_TASK.tasks().get(rows.size() % 3), row.row()));
        }
        return rows;
    }

    private float[] logits(LanguageModel model) {
        int[] ids = {1, 5, 9, 2, 7, 3, 11};
        try (Tape tape = Tape.inference(device)) {
            AdapterPass pass =
                    AdapterPass.inference().withRows(RowLayout.ofPrompts(List.of("add", "sort"), new int[] {0, 4, 7}));
            Tensor hidden = model.hidden(tape, pass, ids, new int[] {0, 4, 7});
            return model.logits(tape, hidden, 3, 6).toArray();
        }
    }

    private static void scale(Parameter parameter, float factor) {
        float[] values = parameter.toArray();
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        parameter.set(values);
    }

    private static void randomise(Adapter adapter) {
        Random random = new Random(4);
        List<Parameter> all = new ArrayList<>(adapter.parameters().parameters());
        for (AdapterLayer layer : adapter.layers().values()) {
            all.addAll(layer.routerStatistics().values());
        }
        for (Parameter parameter : all) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
            }
            parameter.set(values);
        }
    }
}
