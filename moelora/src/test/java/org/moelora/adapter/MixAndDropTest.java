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
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.model.Vectors;
import org.moelora.train.FineTuner;
import org.moelora.train.RouterTraining;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import org.moelora.train.WarmUp;

/** Adapters trained apart that become experts, and experts that go. */
class MixAndDropTest {
    private static final GatePolicy DENSE = new GatePolicy.Dense();
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

    private static Adapter random(AdapterConfig config, long seed) {
        Adapter adapter = Adapter.create(base, config, seed);
        Random random = new Random(seed);
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
            }
            parameter.set(values);
        }
        return adapter;
    }

    /** Of different ranks, scales and targets, as people's adapters are. */
    private static List<Adapter> parts() {
        return List.of(
                random(LoraConfig.builder().rank(3).alpha(6).build(), 1),
                random(
                        LoraConfig.builder()
                                .rank(2)
                                .alpha(7)
                                .rankStabilised(true)
                                .targets(List.of("0.self_attn.q_proj", "up_proj"))
                                .build(),
                        2));
    }

    private static float[] logits(LanguageModel model) {
        int[] ids = {1, 5, 9, 2, 7, 3, 11};
        try (Tape tape = Tape.inference(device)) {
            Tensor hidden = model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, 4, 7});
            return model.logits(tape, hidden, 3, 6).toArray();
        }
    }

    /** With two experts at equal shares, and the other one's B at zero and its own doubled, a mixture is each part. */
    @Test
    void anExpertOfAMixtureIsTheAdapterThatItWas() {
        List<Adapter> parts = parts();
        for (int e = 0; e < 2; e++) {
            try (Adapter mixture = MoeLora.mix(base, parts, List.of("first", "second"), DENSE, 0)) {
                assertThat(mixture.modules())
                        .containsExactlyElementsOf(base.linears().stream()
                                .map(LinearSite::name)
                                .filter(name ->
                                        name.endsWith("q_proj") || name.endsWith("v_proj") || name.endsWith("up_proj"))
                                .toList());
                int rank = mixture.config().rank();
                assertThat(rank).isEqualTo(3);
                for (String module : mixture.modules()) {
                    Parameter parameter = mixture.parameters().get(module + ".lora_B");
                    float[] b = parameter.toArray();
                    for (int i = 0; i < b.length; i++) {
                        b[i] *= i % (2 * rank) / rank == e ? 2 : 0;
                    }
                    parameter.set(b);
                }
                float[] expected = logits(base.with(parts.get(e)));
                assertThat(expected).isNotEqualTo(logits(base.plain()));
                float[] mixed = logits(base.with(mixture));
                for (int i = 0; i < expected.length; i++) {
                    assertThat(mixed[i]).isCloseTo(expected[i], within(2e-5f));
                }
            }
        }
        parts.forEach(Adapter::close);
    }

    /** The router finds out which expert is for which rows, from the loss alone; experts stay bit for bit. */
    @Test
    void theRouterOfAMixtureLearnsAlone(@TempDir Path temp) {
        List<TokenRow> all = rows();
        List<Adapter> parts = List.of(
                Adapter.create(base, LoraConfig.builder().rank(2).build(), 1),
                Adapter.create(base, LoraConfig.builder().rank(2).build(), 2));
        for (int e = 0; e < 2; e++) {
            FineTuner.of(base.with(parts.get(e)))
                    .onRows(List.of(all.get(e)))
                    .config(TrainingConfig.builder()
                            .losses(LossSettings.NONE)
                            .steps(30L)
                            .learningRate(3e-2)
                            .build())
                    .run();
        }
        try (Adapter mixture = MoeLora.mix(base, parts, List.of("first", "second"), DENSE, 0)) {
            Map<String, float[]> before = new TreeMap<>();
            mixture.parameters().parameters().forEach(each -> before.put(each.name(), each.toArray()));
            List<Double> loss = new ArrayList<>();
            FineTuner.of(base.with(mixture))
                    .onRows(all)
                    .config(TrainingConfig.builder()
                            .losses(LossSettings.NONE)
                            .router(new RouterTraining(1, WarmUp.NONE, 1, true))
                            .steps(60L)
                            .batchSize(2)
                            .learningRate(3e-2)
                            .build())
                    .run(new TrainingListener() {
                        @Override
                        public void step(Step step) {
                            loss.add(step.lm());
                        }
                    });
            assertThat(loss.getLast()).isLessThan(0.5 * loss.getFirst());
            before.forEach((name, values) -> {
                if (!name.endsWith(".moe_gate")) {
                    assertThat(mixture.parameters().get(name).toArray()).isEqualTo(values);
                }
            });
            mixture.save(temp.resolve("mixture"));
            try (Adapter loaded = Adapter.load(temp.resolve("mixture"), base)) {
                assertThat(loaded.origins()).containsExactly("first", "second");
                assertThat(logits(base.with(loaded))).isEqualTo(logits(base.with(mixture)));
            }
        }
        parts.forEach(Adapter::close);
    }

    private static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        for (TokenRow row : Vectors.rows("llama").subList(0, 2)) {
            int[] labels = row.inputIds().clone();
            Arrays.fill(labels, 0, labels.length / 2, TokenRow.IGNORED);
            rows.add(new TokenRow(row.inputIds(), labels, null, row.row()));
        }
        return rows;
    }

    /** An expert that no task takes goes, and the answers stay. */
    @Test
    void whatRemainsAfterADropIsWhatItWas() {
        MoeLoraConfig config = MoeLoraConfig.builder()
                .experts(4)
                .rank(2)
                .gate(new GatePolicy.TaskGate(List.of("a"), 4))
                .build();
        try (Adapter mixture = random(config, 3)) {
            int expert = 1;
            for (String module : mixture.modules()) {
                mixture.parameters().get(module + ".task_embedding").set(new float[] {1, 1, 1, 1});
                Parameter gate = mixture.parameters().get(module + ".task_gate");
                float[] w = gate.toArray();
                Arrays.fill(w, expert * 4, expert * 4 + 4, -25);
                gate.set(w);
            }
            try (Adapter rest = MoeLora.drop(base, mixture, expert)) {
                assertThat(rest.config().experts()).isEqualTo(3);
                assertThat(rest.parameterCount()).isLessThan(mixture.parameterCount());
                float[] expected = logits(base.with(mixture).forTask("a"));
                float[] dropped = logits(base.with(rest).forTask("a"));
                assertThat(expected).isNotEqualTo(logits(base.plain()));
                for (int i = 0; i < expected.length; i++) {
                    assertThat(dropped[i]).isCloseTo(expected[i], within(2e-5f));
                }
            }
            try (Adapter other = MoeLora.drop(base, mixture, 2)) {
                assertThat(logits(base.with(other).forTask("a")))
                        .isNotEqualTo(logits(base.with(mixture).forTask("a")));
            }
        }
    }

    /** k falls with the experts, statistics and origins stay with those that remain. */
    @Test
    void aDropKeepsWhatBelongsToTheOthers() {
        List<Adapter> parts = List.of(
                random(LoraConfig.builder().rank(2).build(), 1),
                random(LoraConfig.builder().rank(2).build(), 2),
                random(LoraConfig.builder().rank(2).build(), 3));
        try (Adapter mixture = MoeLora.mix(base, parts, List.of("a", "b", "c"), new GatePolicy.Renormalised(3), 0);
                Adapter rest = MoeLora.drop(base, mixture, 0)) {
            assertThat(rest.origins()).containsExactly("b", "c");
            assertThat(rest.config().gate()).isEqualTo(new GatePolicy.Renormalised(2));
            try (Adapter two =
                    MoeLora.mix(base, parts.subList(1, 3), List.of("b", "c"), new GatePolicy.Renormalised(2), 0)) {
                for (String module : rest.modules()) {
                    for (String part : List.of(".lora_A", ".lora_B")) {
                        assertThat(rest.parameters().get(module + part).toArray())
                                .isEqualTo(two.parameters().get(module + part).toArray());
                    }
                }
            }
        }
        parts.forEach(Adapter::close);
    }

    @Test
    void whatCannotBeMixedOrDroppedIsRefused() {
        try (Adapter lora = random(LoraConfig.builder().build(), 1);
                Adapter dora = random(LoraConfig.builder().dora(true).build(), 1);
                Adapter mixture = random(MoeLoraConfig.builder().experts(2).build(), 1)) {
            assertThatThrownBy(() -> MoeLora.mix(base, List.of(lora), List.of("x"), DENSE, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessage("there is one adapter to mix; expected two or more");
            assertThatThrownBy(() -> MoeLora.mix(base, List.of(lora, dora), List.of("x", "y"), DENSE, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("y: is DoRA");
            assertThatThrownBy(() -> MoeLora.mix(base, List.of(mixture, lora), List.of("x", "y"), DENSE, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("x: is a mixture already");
            assertThatThrownBy(() -> MoeLora.drop(base, lora, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("the adapter has no experts");
            assertThatThrownBy(() -> MoeLora.drop(base, mixture, 2))
                    .isInstanceOf(InputException.class)
                    .hasMessage("expert is 2; expected 0 to 1");
            assertThatThrownBy(() -> MoeLora.drop(base, mixture, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("the mixture has two experts");
        }
    }
}
