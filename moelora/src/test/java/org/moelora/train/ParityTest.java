package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.LossSettings;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.optim.Schedule;
import org.moelora.eval.Scorer;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;
import org.moelora.io.SafetensorsFile;
import org.moelora.kernels.Device;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;

/**
 * Losses, gradients, logits and trained adapters against an independent program in float64: each loss to 1e-5 relative, logits to 1e-5 of the
 * largest, gradients, the trained adapter and the gradient norm to 1e-4.
 */
class ParityTest {
    private static final Path VECTORS = Path.of("src/test/resources/vectors");

    static Stream<Arguments> cases() {
        return Stream.of("llama-moelora", "llama-moelora-zero-b", "qwen2-moelora-all-linears")
                .flatMap(name ->
                        Stream.of("cpu-plain", "cpu-simd", "opencl:0").map(device -> Arguments.of(name, device)));
    }

    private record Case(Path folder, JsonObject settings, Decoder base, List<TokenRow> rows) {
        static Case open(String name, Device device) {
            Path folder = VECTORS.resolve(name);
            JsonObject settings = Json.read(folder.resolve("training.json"));
            Decoder base = Decoder.load(VECTORS.resolve(settings.string("model")), device);
            List<TokenRow> rows = new ArrayList<>();
            JsonRows.read(
                    VECTORS.resolve(settings.string("batches")),
                    row -> rows.add(new TokenRow(
                            row.array("input_ids").integers(),
                            row.array("labels").integers(),
                            null,
                            rows.size())));
            return new Case(folder, settings, base, rows);
        }

        LossSettings losses() {
            return new LossSettings(
                    settings.number("balance_weight"),
                    settings.number("contrast_weight"),
                    settings.number("temperature"),
                    Integer.MAX_VALUE);
        }

        TrainingConfig config() {
            return TrainingConfig.builder()
                    .losses(losses())
                    .contrastWarmUp(WarmUp.NONE)
                    .epochs(1)
                    .batchSize(settings.integer("batch_size"))
                    .learningRate(settings.number("learning_rate"))
                    .schedule(Schedule.Decay.CONSTANT)
                    .warmUp(WarmUp.NONE)
                    .clip(0)
                    .shuffle(false)
                    .build();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void trainingFollowsTheReference(String name, String deviceName, @TempDir Path temp) {
        try (Device device = UsableDevice.open(deviceName);
                Decoder base = Case.open(name, device).base()) {
            Case c = Case.open(name, device);
            c.base().close();
            try (Adapter adapter = Adapter.load(c.folder().resolve("adapter-init"), base)) {
                List<TrainingListener.Step> steps = new ArrayList<>();
                FineTuner.of(base.with(adapter))
                        .onRows(c.rows())
                        .config(c.config())
                        .run(new TrainingListener() {
                            @Override
                            public void step(Step step) {
                                steps.add(step);
                            }
                        });
                List<JsonObject> expected = new ArrayList<>();
                JsonRows.read(c.folder().resolve("steps.jsonl"), expected::add);
                assertThat(steps).hasSize(expected.size());
                for (int i = 0; i < steps.size(); i++) {
                    JsonObject e = expected.get(i);
                    assertClose("loss " + i, steps.get(i).loss(), e.number("loss"), 1e-5);
                    assertClose("lm " + i, steps.get(i).lm(), e.number("lm"), 1e-5);
                    assertClose("balance " + i, steps.get(i).balance(), e.number("balance"), 1e-5);
                    assertClose("contrast " + i, steps.get(i).contrast(), e.number("contrast"), 1e-5);
                    assertClose("grad_norm " + i, steps.get(i).gradNorm(), e.number("grad_norm"), 1e-4);
                }
                adapter.save(temp.resolve("trained"));
                assertThat(distance(
                                temp.resolve("trained/adapter_model.safetensors"),
                                c.folder().resolve("adapter-trained/adapter_model.safetensors")))
                        .isLessThan(1e-4);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void firstGradientsEqualTheReference(String name, String deviceName) {
        try (Device device = UsableDevice.open(deviceName)) {
            Case c = Case.open(name, device);
            try (Decoder base = c.base();
                    Adapter adapter = Adapter.load(c.folder().resolve("adapter-init"), base);
                    SafetensorsFile expected =
                            SafetensorsFile.open(c.folder().resolve("first-step-gradients.safetensors"))) {
                adapter.parameters().startTraining();
                List<TokenRow> rows = c.rows().subList(0, c.settings().integer("batch_size"));
                TrainingStep.backward(base.with(adapter), List.of(Batch.of(rows)), c.losses(), 0, 0, false);
                double difference = 0;
                double norm = 0;
                for (String module : adapter.modules()) {
                    int experts = adapter.config().experts();
                    int rank = adapter.config().rank();
                    float[] a = adapter.parameters().get(module + ".lora_A").gradientArray();
                    float[] b = adapter.parameters().get(module + ".lora_B").gradientArray();
                    float[] g = adapter.parameters().get(module + ".moe_gate").gradientArray();
                    int width = experts * rank;
                    for (int e = 0; e < experts; e++) {
                        String key = "base_model.model." + module + ".experts." + e;
                        float[] ea = expected.readFloats(key + ".lora_A.weight");
                        for (int i = 0; i < ea.length; i++) {
                            difference += square(ea[i] - a[e * ea.length + i]);
                            norm += square(ea[i]);
                        }
                        float[] eb = expected.readFloats(key + ".lora_B.weight");
                        for (int i = 0; i < eb.length; i++) {
                            difference += square(eb[i] - b[i / rank * width + e * rank + i % rank]);
                            norm += square(eb[i]);
                        }
                    }
                    float[] eg = expected.readFloats("base_model.model." + module + ".moe_gate.weight");
                    for (int i = 0; i < eg.length; i++) {
                        difference += square(eg[i] - g[i]);
                        norm += square(eg[i]);
                    }
                }
                assertThat(norm).isGreaterThan(0);
                assertThat(Math.sqrt(difference / norm)).isLessThan(1e-4);
                adapter.parameters().stopTraining();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsEqualTheReference(String name, String deviceName) {
        try (Device device = UsableDevice.open(deviceName)) {
            Case c = Case.open(name, device);
            try (Decoder base = c.base();
                    Adapter trained = Adapter.load(c.folder().resolve("adapter-trained"), base)) {
                assertLogits(base.plain(), c, "logits-base.jsonl");
                assertLogits(base.with(trained), c, "logits-after.jsonl");
            }
            assertThat(device.memoryUse().total()).isZero();
        }
    }

    private static void assertLogits(LanguageModel model, Case c, String file) {
        List<JsonArray> expected = new ArrayList<>();
        try (var lines = java.nio.file.Files.lines(c.folder().resolve(file))) {
            lines.forEach(line ->
                    expected.add(Json.parse("{\"x\":" + line + "}", file).array("x")));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        assertThat(expected).hasSize(3);
        for (int r = 0; r < expected.size(); r++) {
            double[] e = expected.get(r).numbers();
            TokenRow row = c.rows().get(r);
            float[] logits;
            try (Tape tape = Tape.inference(model.decoder().device())) {
                Tensor hidden =
                        model.hidden(tape, AdapterPass.inference(), row.inputIds(), new int[] {0, row.length()});
                logits = model.logits(tape, hidden, row.length() - 1).toArray();
            }
            double largest = 0;
            double off = 0;
            double sum = 0;
            for (int i = 0; i < e.length; i++) {
                largest = Math.max(largest, Math.abs(e[i]));
                off = Math.max(off, Math.abs(e[i] - logits[i]));
                sum += Math.exp(e[i]);
            }
            assertThat(off / largest).as(file + " row " + r).isLessThan(1e-5);

            int[] ids = java.util.Arrays.copyOf(row.inputIds(), row.length() + 1);
            int[] labels = new int[ids.length];
            java.util.Arrays.fill(labels, TokenRow.IGNORED);
            ids[row.length()] = 5;
            labels[row.length()] = 5;
            double scored = Scorer.score(model, List.of(new TokenRow(ids, labels, null, 0)))
                    .rows()
                    .getFirst()
                    .logProbabilities()[0];
            assertClose("log-probability of row " + r, scored, e[5] - Math.log(sum), 1e-5);
        }
    }

    private static double distance(Path actual, Path expected) {
        double difference = 0;
        double norm = 0;
        try (SafetensorsFile a = SafetensorsFile.open(actual);
                SafetensorsFile e = SafetensorsFile.open(expected)) {
            assertThat(a.names()).containsExactlyInAnyOrderElementsOf(e.names());
            for (String name : e.names()) {
                float[] x = a.readFloats(name);
                float[] y = e.readFloats(name);
                for (int i = 0; i < y.length; i++) {
                    difference += square(x[i] - y[i]);
                    norm += square(y[i]);
                }
            }
        }
        return Math.sqrt(difference / norm);
    }

    private static double square(double x) {
        return x * x;
    }

    private static void assertClose(String what, double actual, double expected, double relative) {
        assertThat(Math.abs(actual - expected))
                .as(what + ": " + actual + " for " + expected)
                .isLessThanOrEqualTo(relative * Math.abs(expected));
    }
}
