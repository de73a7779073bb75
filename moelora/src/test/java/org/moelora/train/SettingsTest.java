package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.Origin;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.eval.Accuracy;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.DecoderConfig;
import org.moelora.model.GenerationOptions;

/** What a setting may be is said as it is, and no setting discards another unsaid. */
class SettingsTest {
    private static final DecoderConfig SMALL = new DecoderConfig(
            "llama", 16, 24, 1, 40, 4, 2, 4, 1e-5f, 1e4, null, 8, true, false, false, null, List.of());

    @TempDir
    private Path folder;

    private static Arguments setting(String name, DoubleConsumer set, double... refused) {
        return Arguments.of(name, set, refused);
    }

    static Stream<Arguments> settings() {
        double nan = Double.NaN;
        double infinite = Double.POSITIVE_INFINITY;
        return Stream.of(
                setting(
                        "weight-decay",
                        x -> TrainingConfig.builder().weightDecay(x).build(),
                        1e6,
                        infinite,
                        nan,
                        -1),
                setting(
                        "learning-rate",
                        x -> TrainingConfig.builder().learningRate(x).build(),
                        0,
                        -0.0,
                        infinite,
                        nan,
                        -1),
                setting("epochs", x -> TrainingConfig.builder().epochs(x).build(), 0, 1e6 + 1, infinite, nan, -1),
                setting("clip", x -> TrainingConfig.builder().clip(x).build(), 1e30, infinite, nan, -1),
                setting("balance-weight", x -> new LossSettings(x, 0, 1, 2), infinite, nan, -1),
                setting("contrast-weight", x -> new LossSettings(0, x, 1, 2), infinite, nan, -1),
                setting("contrast-temperature", x -> new LossSettings(0, 0, x, 2), 0, infinite, nan, -1),
                setting("temperature", x -> new GenerationOptions(1, x, 0, 1, 0, false), infinite, nan, -1),
                setting("top-p", x -> new GenerationOptions(1, 0, 0, x, 0, false), 0, 1.5, infinite, nan, -1),
                setting("checkpoint-minutes", x -> new CheckpointPolicy(0, x, 1), 1e6 + 1, infinite, nan, -1),
                setting("alpha", x -> LoraConfig.builder().alpha(x).build(), 0, infinite, nan, -1),
                setting("dropout", x -> LoraConfig.builder().dropout(x).build(), 1, infinite, nan, -1),
                setting("warm-up", x -> new WarmUp(x, false), 1e15, infinite, nan, -1));
    }

    /** A value that is refused lies outside what the sentence says is expected. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("settings")
    void theSentenceIsTrue(String name, DoubleConsumer set, double[] refused) {
        for (double value : refused) {
            assertThatThrownBy(() -> set.accept(value))
                    .isInstanceOf(InputException.class)
                    .satisfies(e -> {
                        String[] sentence = e.getMessage().split("; expected ");
                        assertThat(sentence[0]).contains(name + (name.equals("warm-up") ? " of " : " is ") + value);
                        assertThat(allows(sentence[1], value))
                                .as(e.getMessage())
                                .isFalse();
                    });
        }
    }

    /** Reads an expectation in the words that sentences have for it. */
    private static boolean allows(String expected, double value) {
        String said = expected.replaceAll("\\([^)]*\\) ?", "").replace("%", "");
        boolean finite = said.contains("finite")
                || said.contains("below")
                || said.contains("at most")
                || said.contains("less than")
                || said.contains(" to ")
                || said.contains("fewer than");
        ToDoubleFunction<String> after =
                word -> Double.parseDouble(said.replaceFirst(".*" + word + " ([0-9.e]+).*", "$1"));
        return !Double.isNaN(value)
                && !(finite && Double.isInfinite(value))
                && !(said.contains("above ") && value <= after.applyAsDouble("above"))
                && !(said.contains("more than ") && value <= after.applyAsDouble("more than"))
                && !(said.contains("0 or more") && value < 0)
                && !(said.contains("at least ") && value < after.applyAsDouble("at least"))
                && !(said.contains("below ") && value >= after.applyAsDouble("below"))
                && !(said.contains("less than ") && value >= after.applyAsDouble("less than"))
                && !(said.contains("fewer than ") && value >= after.applyAsDouble("fewer than"))
                && !(said.contains("at most ") && value > after.applyAsDouble("at most"))
                && !(said.matches("0 +to .*") && (value < 0 || value > after.applyAsDouble("to")));
    }

    @Test
    void buildersRefuseWhatRulesEachOtherOut() {
        refused(() -> TrainingConfig.builder().epochs(3).steps(10L).build(), "epochs(3.0) and steps(10) are both set");
        refused(
                () -> MoeLoraConfig.builder()
                        .topK(3)
                        .gate(new GatePolicy.Dense())
                        .build(),
                "gate(Dense[]) and topK(3) are both set");
        refused(
                () -> MoeLoraConfig.builder()
                        .gate(new GatePolicy.Raw(1))
                        .renormalise(true)
                        .build(),
                "renormalise(true) are both set");
        assertThat(TrainingConfig.builder().build().epochs()).isEqualTo(3);
        assertThat(MoeLoraConfig.builder().build().gate()).isEqualTo(new GatePolicy.Renormalised(2));
        assertThat(MoeLoraConfig.builder().topK(3).renormalise(false).build().gate())
                .isEqualTo(new GatePolicy.Raw(3));
    }

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(sentence)
                .hasMessageContaining("; expected ");
    }

    private static TokenRow row(int length) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = i % 40;
        }
        return new TokenRow(ids, ids, null, length, "rows.jsonl line " + length);
    }

    /** A training of six rows in batches of two. */
    private interface Use {
        void with(Decoder base, FineTuner tuner);
    }

    private static void training(Use use) {
        try (Device device = Devices.open("cpu-plain", new DeviceOptions(1, false));
                Decoder base = Decoder.trainable(SMALL, null, device, 1);
                Adapter adapter =
                        Adapter.create(base, LoraConfig.builder().rank(2).build(), 1)) {
            use.with(
                    base,
                    FineTuner.of(base.with(adapter)).onRows(List.of(row(2), row(3), row(4), row(5), row(6), row(7))));
        }
    }

    @Test
    void epochsKeepWhatTheConfigurationSays() {
        TrainingConfig config = TrainingConfig.builder()
                .losses(LossSettings.NONE)
                .batchSize(2)
                .epochs(5)
                .build();
        training((base, tuner) -> {
            TrainingReport report = tuner.config(config).epochs(2).run();
            assertThat(report.steps()).isEqualTo(6);
            assertThat(report.rows()).isEqualTo(12);
            refused(() -> tuner.config(config), "epochs(2.0) would be discarded by config(...)");
        });
        training((base, tuner) -> {
            tuner.config(
                    TrainingConfig.builder().losses(LossSettings.NONE).steps(4L).build());
            refused(() -> tuner.epochs(2), "epochs(2.0) would discard the 4 steps");
            assertThatThrownBy(() -> tuner.config(config).epochs(0)).isInstanceOf(InputException.class);
        });
    }

    /** Three batches an epoch, two a step: the second step of an epoch takes a batch of the next one. */
    @Test
    void rowsAreCountedWhereAStepGoesOnIntoAnotherEpoch() {
        TrainingConfig config = TrainingConfig.builder()
                .losses(LossSettings.NONE)
                .batchSize(2)
                .gradAccumulation(2)
                .epochs(1)
                .build();
        training((base, tuner) -> {
            TrainingReport report = tuner.config(config).run();
            assertThat(report.steps()).isEqualTo(2);
            assertThat(report.rows()).isEqualTo(8);
        });
    }

    @Test
    void aRunHasOneFolder() {
        training((base, tuner) -> {
            tuner.into(folder.resolve("a"));
            refused(
                    () -> tuner.into(folder.resolve("b")),
                    "into(" + folder.resolve("a") + ") would be discarded by into(");
            refused(() -> tuner.resume(folder.resolve("b")), "would be discarded by resume(");
        });
    }

    @Test
    void whatIsLongerThanTheModelsPositionsIsRefusedWhereItIsMeasured() {
        training((base, tuner) -> {
            base.plain().checkLength("x", 8);
            assertThatThrownBy(() -> base.plain().checkLength("rows.jsonl line 9", 9))
                    .isInstanceOf(InputException.class)
                    .hasMessage(
                            "rows.jsonl line 9: has 9 tokens, and the model has positions for 8; expected at most as many");
            assertThatThrownBy(() -> Accuracy.measure(
                            base.plain(), List.of(new Prompt(row(9).inputIds(), "a", new int[] {1}, Origin.of(3)))))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("row 3: has 9 tokens");
        });
    }

    @Test
    void rowsLongerThanTheModelsPositionsAreSaid() {
        training((base, tuner) -> {
            assertThat(tuner.longRows()).isNull();
            tuner.onRows(List.of(row(8), row(9))).evaluateOn(List.of(row(12)));
            assertThat(tuner.longRows())
                    .isEqualTo("2 of 3 rows have more tokens than the 8 that the model has positions for, the first"
                            + " rows.jsonl line 9 with 9");
            assertThat(tuner.epochs(1).run().finished()).isTrue();
        });
    }
}
