package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.MemoryUse;
import org.moelora.model.Decoder;
import org.moelora.model.DecoderConfig;
import org.moelora.model.MemoryPlan;
import org.moelora.model.Vectors;

class TrainingMemoryTest {
    /** What the device takes from the system at a time, if it needs little. */
    private static final long SLAB = 4 << 20;

    private static final AdapterConfig MIXTURE =
            MoeLoraConfig.builder().dropout(0.1).build();
    private static final AdapterConfig EVERYWHERE = MoeLoraConfig.builder()
            .experts(4)
            .targets(List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"))
            .build();
    private static final AdapterConfig LORA = LoraConfig.builder().rank(16).build();
    private static final AdapterConfig DORA =
            LoraConfig.builder().rank(16).dropout(0.1).dora(true).build();

    /** The sizes of a decoder, and of the batches it is trained on. */
    record Sizes(int hidden, int intermediate, int layers, int vocabulary, int kvHeads, int batch, int longest) {
        DecoderConfig decoder() {
            return new DecoderConfig(
                    "llama",
                    hidden,
                    intermediate,
                    layers,
                    vocabulary,
                    4,
                    kvHeads,
                    hidden / 4,
                    1e-5f,
                    1e4,
                    null,
                    512,
                    true,
                    false,
                    false,
                    null,
                    List.of());
        }

        /** Rows of every length up to the longest, the long ones among the short. */
        List<TokenRow> rows() {
            List<TokenRow> rows = new ArrayList<>();
            for (int i = 0; i < 3 * batch; i++) {
                int length = Math.max(2, longest * (i % 3 + 1) / 3 - i);
                int[] ids = IntStream.range(0, length).map(t -> t % vocabulary).toArray();
                rows.add(new TokenRow(ids, ids, null, i));
            }
            return rows;
        }
    }

    static List<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        for (Sizes sizes : List.of(
                new Sizes(32, 80, 3, 50, 2, 4, 40),
                new Sizes(64, 96, 6, 3000, 1, 2, 150),
                new Sizes(16, 300, 2, 200, 4, 1, 400))) {
            for (AdapterConfig adapter : List.of(MIXTURE, EVERYWHERE, LORA, DORA)) {
                for (boolean recompute : new boolean[] {false, true}) {
                    cases.add(Arguments.of(sizes, adapter, recompute));
                }
            }
        }
        return cases;
    }

    private static TrainingConfig.Builder config(Sizes sizes, AdapterConfig adapter, boolean recompute) {
        return TrainingConfig.builder()
                .losses(adapter instanceof LoraConfig ? LossSettings.NONE : new LossSettings(0.01, 0.01, 0.1, 100))
                .batchSize(sizes.batch())
                .gradAccumulation(2)
                .epochs(1)
                .recompute(recompute);
    }

    /** In the order of their lengths, so that the longest rows come together. */
    @ParameterizedTest
    @MethodSource("cases")
    void whatWasPlannedIsWhatIsTaken(Sizes sizes, AdapterConfig adapterConfig, boolean recompute) {
        List<TokenRow> sorted =
                sizes.rows().stream().sorted((a, b) -> a.length() - b.length()).toList();
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, false));
                Decoder base = Decoder.trainable(sizes.decoder(), null, device, 1);
                Adapter adapter = Adapter.create(base, adapterConfig, 5)) {
            FineTuner tuner = FineTuner.of(base.with(adapter))
                    .onRows(sorted)
                    .evaluateOn(sizes.rows().subList(0, 3))
                    .config(config(sizes, adapterConfig, recompute)
                            .shuffle(false)
                            .build());
            MemoryUse before = device.memoryUse();
            MemoryPlan plan = tuner.memory();
            assertThat(device.memoryUse()).isEqualTo(before);
            assertThat(adapter.parameters().trains()).isFalse();
            long[] reserved = new long[1];
            TrainingListener listener = new TrainingListener() {
                @Override
                public void evaluation(TrainingListener.Evaluation evaluation) {
                    reserved[0] = device.memoryUse().reserved();
                }
            };
            tuner.run(listener);
            MemoryUse after = device.memoryUse();
            assertThat((double) plan.tensors() / after.peak()).isBetween(1.0, 1.05);
            assertThat(plan.total() - plan.weights()).isBetween(reserved[0] - SLAB, reserved[0] + SLAB);
            // What training took is the system's again.
            assertThat(after.reserved()).isBetween(after.total(), before.reserved() + SLAB);
        }
    }

    /** No order of the rows takes more. */
    @Test
    void thePlanHoldsForEveryOrder() {
        Sizes sizes = new Sizes(32, 80, 3, 50, 2, 4, 60);
        for (long seed = 0; seed < 5; seed++) {
            try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, false));
                    Decoder base = Decoder.trainable(sizes.decoder(), null, device, 1);
                    Adapter adapter = Adapter.create(base, MIXTURE, 5)) {
                FineTuner tuner = FineTuner.of(base.with(adapter))
                        .onRows(sizes.rows())
                        .config(config(sizes, MIXTURE, false)
                                .epochs(3)
                                .seed(seed)
                                .build());
                MemoryPlan plan = tuner.memory();
                tuner.run();
                assertThat(device.memoryUse().peak()).isLessThanOrEqualTo(plan.tensors());
            }
        }
    }

    @Test
    void thePartsAreWhatTheirOwnersLease() {
        Sizes sizes = new Sizes(64, 96, 6, 3000, 1, 2, 150);
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, false));
                Decoder base = Decoder.trainable(sizes.decoder(), null, device, 1);
                Adapter adapter = Adapter.create(base, MIXTURE, 5)) {
            FineTuner tuner = FineTuner.of(base.with(adapter)).onRows(sizes.rows());
            MemoryPlan kept =
                    tuner.config(config(sizes, MIXTURE, false).build()).memory();
            MemoryPlan again =
                    tuner.config(config(sizes, MIXTURE, true).build()).memory();
            long values = Float.BYTES * adapter.parameters().values().length();
            assertThat(kept.adapter()).isEqualTo(2 * values + 64); // and the statistics, of which this router has none
            assertThat(kept.optimizer()).isEqualTo(2 * values + 64);
            assertThat(kept.base()).isBetween(4L * 64 * 3000, 4L * 64 * 3000 + 6L * 4 * 64 * (64 * 3 + 96 * 3));
            assertThat(kept.cache()).isZero();
            assertThat(again.activations()).isLessThan(kept.activations() / 2);
            assertThat(again.base() + again.adapter() + again.optimizer())
                    .isEqualTo(kept.base() + kept.adapter() + kept.optimizer());
        }
    }

    @Test
    void aLoadedBaseCountsWhatIsMapped() {
        try (Decoder base = Decoder.load(Vectors.path("qwen2-bf16"));
                Adapter adapter = Adapter.create(base, MIXTURE, 5)) {
            MemoryPlan plan = FineTuner.of(base.with(adapter))
                    .onRows(Vectors.rows("qwen2-bf16"))
                    .memory();
            DecoderConfig c = base.config();
            long inBlocks = 2L * c.queryWidth() + 2L * c.keyWidth() + 3L * c.intermediateSize();
            long bytes = 2L * c.hiddenSize() * (c.layers() * inBlocks + c.vocabularySize()); // tied, in bfloat16
            assertThat(plan.weights()).isEqualTo(bytes);
            assertThat(plan.total()).isEqualTo(plan.weights() + plan.tensors() + plan.spare());
        }
    }

    @Test
    void thereIsNoRoomIsSaidBeforeAnythingIsMade(@TempDir Path temp) {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, false));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.create(base, MIXTURE, 5)) {
            MemoryUse before = device.memoryUse();
            List<TokenRow> rows = Vectors.rows("llama");
            int longest = rows.stream().mapToInt(TokenRow::length).max().orElseThrow();
            FineTuner tuner = FineTuner.of(base.with(adapter))
                    .onRows(rows)
                    .config(TrainingConfig.builder().batchSize(4).build())
                    .into(temp.resolve("out"))
                    .maxMemory(1_000_000);
            assertThatThrownBy(tuner::run)
                    .isInstanceOf(InputException.class)
                    .hasMessageMatching(
                            "not enough memory: training takes [0-9]+ MB \\(.*\\), and --max-memory allows 1 MB;"
                                    + " try --batch-size below 4, or --max-length below " + longest
                                    + ", or --recompute, which takes [0-9]+ MB");
            assertThat(device.memoryUse()).isEqualTo(before);
            assertThat(temp).isEmptyDirectory();
            assertThatThrownBy(() -> tuner.config(TrainingConfig.builder()
                                    .batchSize(1)
                                    .recompute(true)
                                    .build())
                            .run())
                    .hasMessageEndingWith("; try --max-length below " + longest);
            assertThatThrownBy(tuner::plan).isInstanceOf(InputException.class);
            tuner.config(TrainingConfig.builder().steps(1L).build())
                    .maxMemory(tuner.memory().total())
                    .run();
        }
    }
}
