package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.Targets;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.eval.LinearRouting;
import org.moelora.eval.RoutingReport;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.train.PromptStatistics;
import org.moelora.train.TrainingStep;

/** One router for the linears of a block that read the same input. */
class SharedRouterTest {
    private static final String BLOCK = "model.layers.0.";
    private static final List<String> READ_ONE_INPUT =
            List.of(BLOCK + "self_attn.q_proj", BLOCK + "self_attn.k_proj", BLOCK + "self_attn.v_proj");

    private Device device;

    @TempDir
    private Path temp;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(1, true));
    }

    @AfterEach
    void everythingIsGivenBack() {
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    private Decoder base(String family) throws IOException {
        return Decoder.load(RandomCheckpoint.write(temp.resolve(family), family), device);
    }

    private static MoeLoraConfig.Builder mixture(Router.Share share) {
        return MoeLoraConfig.builder()
                .experts(3)
                .rank(2)
                .gate(new GatePolicy.Dense())
                .router(new Router.Prompt(0.5, share))
                .targets(Targets.parse("all-linear"));
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

    private static List<TokenRow> rows() {
        Random random = new Random(5);
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < 6; r++) {
            int[] ids = random.ints(5 + r, 3, 30).toArray();
            int[] labels = ids.clone();
            Arrays.fill(labels, 0, ids.length - 2, TokenRow.IGNORED);
            rows.add(new TokenRow(ids, labels, r % 2 == 0 ? "even" : "odd", r));
        }
        return rows;
    }

    private static float[] logits(LanguageModel model) {
        Batch batch = Batch.of(rows());
        try (Tape tape = Tape.inference(model.decoder().device())) {
            Tensor hidden =
                    model.hidden(tape, AdapterPass.inference().withRows(batch.layout()), batch.ids(), batch.starts());
            return model.logits(tape, hidden, 4, batch.tokens() - 1).toArray();
        }
    }

    /** Which linears share is what the forward pass says: linears that are fused, or alone, share with none. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "phi3", "gpt2", "gemma3_text", "qwen3"})
    void linearsThatReadTheSameTensorShare(String family) throws IOException {
        try (Decoder base = base(family);
                Adapter adapter =
                        Adapter.create(base, mixture(Router.Share.INPUT).build(), 1)) {
            Map<String, List<String>> groups = new LinkedHashMap<>();
            for (LinearSite site : adapter.sites().subList(0, adapter.sites().size() / 2)) {
                groups.computeIfAbsent(adapter.routerOf(site).projection(), name -> new ArrayList<>())
                        .add(site.projection());
            }
            assertThat(groups.values())
                    .containsExactlyElementsOf(
                            switch (family) {
                                case "phi3" ->
                                    List.of(
                                            List.of("qkv_proj"),
                                            List.of("o_proj"),
                                            List.of("gate_up_proj"),
                                            List.of("down_proj"));
                                case "gpt2" -> List.of(List.of("c_attn"), List.of("c_proj", "c_proj"), List.of("c_fc"));
                                default ->
                                    List.of(
                                            List.of("q_proj", "k_proj", "v_proj"),
                                            List.of("o_proj"),
                                            List.of("gate_proj", "up_proj"),
                                            List.of("down_proj"));
                            });
            assertThat(adapter.parameterCount())
                    .isEqualTo(adapter.config().parameterCount(base.linears()))
                    .isEqualTo(saved(adapter).parameters());
            long routers = adapter.parameters().parameters().stream()
                    .filter(parameter -> parameter.name().endsWith("." + GatePolicy.ROUTER))
                    .count();
            assertThat(routers)
                    .isEqualTo(base.linears().stream()
                            .map(LinearSite::reads)
                            .distinct()
                            .count());
            logits(base.with(adapter));
        }
    }

    private AdapterSummary saved(Adapter adapter) throws IOException {
        Path folder = Files.createTempDirectory(temp, "saved");
        adapter.save(folder);
        return AdapterSummary.read(folder);
    }

    /** Routers of their own with the same weights compute the same bits, and their gradients add up to the shared one's. */
    @Test
    void itIsWhatEqualRoutersAreAndLearnsFromAllOfItsLinears() throws IOException {
        MoeLoraConfig.Builder lowest = mixture(Router.Share.INPUT).targets(READ_ONE_INPUT);
        try (Decoder base = base("llama");
                Adapter shared = Adapter.create(base, lowest.build(), 1);
                Adapter own = Adapter.create(
                        base,
                        lowest.router(new Router.Prompt(0.5, Router.Share.LINEAR))
                                .build(),
                        1)) {
            assertThat(own.parameterCount() - shared.parameterCount()).isEqualTo(2L * 3 * 16);
            randomise(shared);
            for (Parameter parameter : own.parameters().parameters()) {
                String name = parameter.name().endsWith("." + GatePolicy.ROUTER)
                        ? READ_ONE_INPUT.getFirst() + "." + GatePolicy.ROUTER
                        : parameter.name();
                parameter.set(shared.parameters().get(name).toArray());
            }
            PromptStatistics.measure(base.with(shared), rows());
            PromptStatistics.measure(base.with(own), rows());
            assertThat(logits(base.with(shared))).isEqualTo(logits(base.with(own)));
            float[] gradient = gradient(base, shared, READ_ONE_INPUT.getFirst());
            float[] sum = new float[gradient.length];
            for (String module : READ_ONE_INPUT) {
                float[] each = gradient(base, own, module);
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += each[i];
                }
            }
            for (int i = 0; i < sum.length; i++) {
                assertThat(gradient[i]).isCloseTo(sum[i], within(1e-6f));
            }
            assertThat(gradient).isNotEqualTo(gradient(base, own, READ_ONE_INPUT.getFirst()));
        }
    }

    private static float[] gradient(Decoder base, Adapter adapter, String module) {
        adapter.parameters().startTraining();
        TrainingStep.backward(base.with(adapter), List.of(Batch.of(rows())), LossSettings.NONE, 1, 0, false);
        float[] gradient =
                adapter.parameters().get(module + "." + GatePolicy.ROUTER).gradientArray();
        adapter.parameters().stopTraining();
        return gradient;
    }

    /** With the bias moved by the loads that its linears share, and numbers of experts that differ by layer. */
    @Test
    void itIsKeptDroppedFixedAndAskedAsOthersAre() throws IOException {
        MoeLoraConfig config = mixture(Router.Share.INPUT)
                .expertsPerLayer(List.of(3, 4))
                .gate(new GatePolicy.Renormalised(2, true))
                .build();
        String router = READ_ONE_INPUT.getFirst();
        try (Decoder base = base("llama");
                Adapter adapter = Adapter.create(base, config, 1)) {
            randomise(adapter);
            PromptStatistics.measure(base.with(adapter), rows());
            adapter.balance(Map.of(router, new int[] {9, 0, 3}));
            float[] expected = logits(base.with(adapter));
            adapter.save(temp.resolve("saved"));
            try (Adapter loaded = Adapter.load(temp.resolve("saved"), base)) {
                assertThat(loaded.config()).isEqualTo(adapter.config());
                assertThat(logits(base.with(loaded))).isEqualTo(expected);
            }
            int[] prompt = {5, 9, 20, 7};
            Map<String, double[]> gates = base.with(adapter).gates(prompt);
            assertThat(gates.get(READ_ONE_INPUT.get(2))).isEqualTo(gates.get(router));
            assertThat(gates.get(BLOCK + "self_attn.o_proj")).isNotEqualTo(gates.get(router));
            try (Adapter fixed = MoeLora.fixed(base, adapter, gates);
                    Adapter rest = MoeLora.drop(base, adapter, 0)) {
                assertThat(answer(base.with(fixed), prompt)).isEqualTo(answer(base.with(adapter), prompt));
                assertThat(rest.parameterCount()).isEqualTo(rest.config().parameterCount(base.linears()));
                assertThat(base.with(rest).gates(prompt).get(router)).hasSize(2);
            }
            RoutingReport report = RoutingReport.measure(base.with(adapter), rows());
            assertThat(report.routers()).isEqualTo(2 * 4);
            Map<String, LinearRouting> linears = new LinkedHashMap<>();
            report.linears().forEach(each -> linears.put(each.site().name(), each));
            LinearRouting key = linears.get(READ_ONE_INPUT.get(1));
            assertThat(key.router().name()).isEqualTo(router);
            assertThat(key.information()).isEqualTo(linears.get(router).information());
            assertThat(report.mostInformed(14)).hasSize(8).doesNotContain(key);
        }
    }

    private static List<Integer> answer(LanguageModel model, int[] prompt) {
        List<int[]> ids = Generation.of(model, GenerationOptions.GREEDY.withMaxTokens(5))
                .ids(List.of(prompt), (sequence, id) -> true);
        return Arrays.stream(ids.getFirst()).boxed().toList();
    }

    @Test
    void aFileThatSaysOtherwiseIsRefused() throws IOException {
        try (Decoder base = base("llama");
                Adapter adapter =
                        Adapter.create(base, mixture(Router.Share.INPUT).build(), 1)) {
            Path folder = temp.resolve("saved");
            adapter.save(folder);
            Path config = folder.resolve("adapter_config.json");
            String json = Files.readString(config);
            assertThat(json).contains("\"router_share\": \"input\"");
            Files.writeString(config, json.replace("\"router_share\": \"input\"", "\"router_share\": \"linear\""));
            assertThatThrownBy(() -> Adapter.load(folder, base))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("k_proj.moe_gate.weight is missing");
            Files.writeString(config, json.replace("\"router_share\": \"input\"", "\"router_share\": \"all\""));
            assertThatThrownBy(() -> Adapter.load(folder, base))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("router_share")
                    .hasMessageContaining("linear or input");
            Files.writeString(config, json.replace("\"router\": \"prompt\"", "\"router\": \"token\""));
            assertThatThrownBy(() -> Adapter.load(folder, base))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("linear with the router token");
        }
    }
}
