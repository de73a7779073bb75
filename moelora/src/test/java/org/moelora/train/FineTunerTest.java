package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;

class FineTunerTest {
    private static final MoeLoraConfig MIXTURE =
            MoeLoraConfig.builder().dropout(0.1).build();

    @Test
    void theNumberOfThreadsDoesNotChangeAByte(@TempDir Path temp) {
        for (int accumulation : new int[] {1, 3}) {
            for (int threads : new int[] {1, 2, 8}) {
                train(
                        threads,
                        temp.resolve("out" + accumulation + "-" + threads),
                        config().gradAccumulation(accumulation).build());
            }
            Map<String, Object> expected = Runs.content(temp.resolve("out" + accumulation + "-1"));
            assertThat(expected).containsKeys("last/adapter_model.safetensors", "best/adapter_model.safetensors");
            for (int threads : new int[] {2, 8}) {
                assertThat(Runs.content(temp.resolve("out" + accumulation + "-" + threads)))
                        .as("%s threads, %s micro-batches", threads, accumulation)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void trainingLowersTheLossAndLeavesTheCheckpointAlone(@TempDir Path temp) throws IOException {
        byte[] before = Files.readAllBytes(Vectors.path("llama/model.safetensors"));
        TrainingReport report = train(
                2, temp.resolve("out"), config().steps(60L).learningRate(1e-2).build());
        List<JsonObject> lines = new ArrayList<>();
        JsonRows.read(temp.resolve("out/metrics.jsonl"), lines::add);
        List<JsonObject> steps = lines.stream().filter(l -> l.has("loss")).toList();
        assertThat(steps).hasSize(60);
        assertThat(steps.getLast().number("lm"))
                .isLessThan(0.8 * steps.getFirst().number("lm"));
        assertThat(steps.getFirst().names())
                .containsExactly(
                        "step",
                        "loss",
                        "lm",
                        "balance",
                        "contrast",
                        "task",
                        "grad_norm",
                        "learning_rate",
                        "rows",
                        "tokens_per_second",
                        "seconds");
        assertThat(lines.stream().filter(l -> l.has("eval_loss"))).isNotEmpty();
        assertThat(report.steps()).isEqualTo(60);
        assertThat(Files.readAllBytes(Vectors.path("llama/model.safetensors"))).isEqualTo(before);
    }

    @Test
    void accumulationDividesTheLanguageLossByAllLabels() {
        LossSettings onlyLm = new LossSettings(0, 0, 0.1, 512);
        List<TrainingListener.Step> whole =
                steps(config().losses(onlyLm).batchSize(4).build());
        List<TrainingListener.Step> split =
                steps(config().losses(onlyLm).batchSize(1).gradAccumulation(4).build());
        assertThat(split.getFirst().lm()).isEqualTo(whole.getFirst().lm(), within(1e-5));
        assertThat(split.getFirst().gradNorm()).isEqualTo(whole.getFirst().gradNorm(), within(1e-4));
    }

    @Test
    void aLossThatIsNotANumberStopsTheRunAtTheLastGoodStep(@TempDir Path temp) {
        Path out = temp.resolve("a/b/out");
        assertThatThrownBy(() -> train(
                        1,
                        out,
                        config().learningRate(1e25)
                                .clip(0)
                                .warmUp(WarmUp.NONE)
                                .steps(50L)
                                .build()))
                .isInstanceOf(TrainingException.class)
                .hasMessageMatching(
                        "step \\d+: the loss is NaN and the gradient norm NaN on row \\d+, \\d+, \\d+, \\d+, and the"
                                + " first NaN or infinity is in .*; .* stands at step \\d+, the last good one; .*");
        assertThat(RunCheckpoint.all(out.resolve("checkpoints")).getFirst().damage())
                .isEmpty();
        assertThat(out.resolve("last")).doesNotExist();
    }

    @Test
    void aFolderThatHoldsARunIsRefused(@TempDir Path temp) throws IOException {
        Files.createDirectories(temp.resolve("last"));
        assertThatThrownBy(() -> train(1, temp, config().build()))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("holds another run's last");
        assertThat(temp.resolve("metrics.jsonl")).doesNotExist();
    }

    private static TrainingConfig.Builder config() {
        return TrainingConfig.builder()
                .steps(6L)
                .batchSize(4)
                .learningRate(1e-3)
                .seed(11);
    }

    private static TrainingReport train(int threads, Path out, TrainingConfig config) {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(threads, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.create(base, MIXTURE, 5)) {
            List<TokenRow> rows = Vectors.rows("llama");
            return FineTuner.of(base.with(adapter))
                    .onRows(rows.subList(0, 24))
                    .evaluateOn(rows.subList(24, 32))
                    .config(config)
                    .into(out)
                    .run();
        }
    }

    private static List<TrainingListener.Step> steps(TrainingConfig config) {
        List<TrainingListener.Step> steps = new ArrayList<>();
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.create(base, MoeLoraConfig.builder().build(), 5)) {
            FineTuner.of(base.with(adapter))
                    .onRows(Vectors.rows("llama"))
                    .config(config)
                    .run(new TrainingListener() {
                        @Override
                        public void step(Step step) {
                            steps.add(step);
                        }
                    });
        }
        return steps;
    }
}
