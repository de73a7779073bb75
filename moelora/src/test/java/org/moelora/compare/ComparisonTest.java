package org.moelora.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Targets;
import org.moelora.data.Origin;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;
import org.moelora.train.TrainingConfig;

/** Arms of equal size on a tiny model: not who wins, but that the comparison is one. */
class ComparisonTest {
    private static final Targets TARGETS = Targets.of(List.of("q_proj", "v_proj", "up_proj"));
    private static Device device;
    private static Decoder base;

    @TempDir
    private Path temp;

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

    /** Two tasks: the answer is the first word, or the last. */
    private static List<TokenRow> rows(int count) {
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < count; r++) {
            int first = 10 + r * 7 % 13;
            int last = 10 + r * 5 % 11;
            boolean takesFirst = r % 2 == 0;
            int[] ids = {takesFirst ? 3 : 4, first, 5, last, takesFirst ? first : last};
            int[] labels = ids.clone();
            Arrays.fill(labels, 0, 4, TokenRow.IGNORED);
            rows.add(new TokenRow(ids, labels, takesFirst ? "first" : "last", r));
        }
        return rows;
    }

    private static List<Prompt> questions() {
        List<Prompt> questions = new ArrayList<>();
        for (TokenRow row : rows(8)) {
            questions.add(new Prompt(
                    Arrays.copyOf(row.inputIds(), 4),
                    null,
                    new int[] {row.inputIds()[4]},
                    new Origin("row " + row.row(), row.row(), row.task())));
        }
        return questions;
    }

    private static Comparison.Settings settings() {
        return new Comparison.Settings(
                TrainingConfig.builder().steps(16L).batchSize(4).build(), List.of(1e-3, 3e-3, 1e-2, 3e-2, 0.1), 2, 0);
    }

    private static List<Arm> arms() {
        return Arm.ofEqualSize(base.linears(), TARGETS, 10, List.of(2, 4), 2);
    }

    private static final class News implements Comparison.Listener {
        private final List<String> lines = new ArrayList<>();
        private final Cancellation cancellation = new Cancellation();
        private final int cancelAt;

        News(int cancelAt) {
            this.cancelAt = cancelAt;
        }

        @Override
        public void news(String line) {
            lines.add(line);
            if (lines.size() == cancelAt) {
                cancellation.cancel();
            }
        }
    }

    private ComparisonReport run(Path out, News news) {
        return new Comparison(base, arms(), rows(24), rows(6), questions(), settings(), out, news.cancellation, news)
                .run();
    }

    private static Object found(ComparisonReport report) {
        JsonObject json = Json.parse(JsonWriter.pretty(report.toJson()), "compare.json");
        List<Object> found = new ArrayList<>();
        for (JsonObject arm : json.array("arms").objects()) {
            found.add(List.of(
                    arm.string("name"),
                    arm.longInteger("parameters"),
                    arm.number("learning_rate"),
                    Arrays.toString(arm.array("accuracy").numbers())));
        }
        found.add(json.object("headroom").toString());
        found.add(json.string("recommended"));
        return found;
    }

    @Test
    void aComparisonThatIsStoppedAnywhereEndsInTheSameReport() throws IOException {
        ComparisonReport whole = run(temp.resolve("whole"), new News(Integer.MAX_VALUE));
        JsonObject json = Json.parse(JsonWriter.pretty(whole.toJson()), "compare.json");
        assertThat(json.array("arms").objects())
                .extracting(arm -> arm.string("name"))
                .containsExactly("lora", "lora-rank-per-task", "prompt-moelora-2", "prompt-moelora-4");
        long size = whole.arms().getFirst().parameters();
        for (ComparisonReport.Outcome outcome : whole.arms()) {
            assertThat(outcome.accuracy()).hasSize(2);
            assertThat(settings().rates()).contains(outcome.learningRate());
            assertThat(outcome.tokensPerSecond()).isPositive();
            if (outcome.arm().config() instanceof MoeLoraConfig) {
                assertThat((double) outcome.parameters()).isCloseTo((double) size, within(0.15 * size));
            }
        }
        assertThat(whole.headroom()).isNotNull();
        assertThat(whole.steps()).isEqualTo(16);
        for (int stop : new int[] {4, 12, 25}) {
            Path out = temp.resolve("stopped" + stop);
            assertThat(run(out, new News(stop))).isNull();
            News rest = new News(Integer.MAX_VALUE);
            ComparisonReport resumed = run(out, rest);
            assertThat(found(resumed)).isEqualTo(found(whole));
        }
        News nothing = new News(Integer.MAX_VALUE);
        assertThat(found(run(temp.resolve("whole"), nothing))).isEqualTo(found(whole));
        assertThat(nothing.lines).noneMatch(line -> line.contains("seed 0"));
    }

    @Test
    void anotherComparisonOrOtherFilesAreNotTouched() throws IOException {
        Path out = temp.resolve("other");
        Files.createDirectories(out);
        Files.writeString(out.resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> run(out, new News(9)))
                .isInstanceOf(InputException.class)
                .hasMessage(out + ": holds other files; expected a new folder");
        Path before = temp.resolve("before");
        assertThat(run(before, new News(3))).isNull();
        assertThatThrownBy(() -> new Comparison(
                        base,
                        arms(),
                        rows(23),
                        rows(6),
                        questions(),
                        settings(),
                        before,
                        new Cancellation(),
                        new News(9)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(before + ": holds a comparison of other arms, rows or settings");
    }

    /** Active parameters: two of eight experts of rank 4 and a router, on one linear of 100 to 60. */
    @Test
    void partsOfAMixtureAreActive() {
        var linears = List.of(new LinearSite("model.layers.0.self_attn.q_proj", 0, 100, 60));
        Arm arm = new Arm(
                "x",
                "moelora",
                MoeLoraConfig.builder().experts(8).topK(2).rank(4).build());
        assertThat(arm.parameters(linears)).isEqualTo(8 * 4 * 160 + 8 * 100);
        assertThat(arm.activeParameters(linears)).isEqualTo(2 * 4 * 160 + 8 * 100);
    }

    /** By hand: differences 3.2, 9 and 8 have the mean 6.7333 and the deviation 3.1005; t with two degrees of freedom is 4.303. */
    @Test
    void intervalsAreStudents() {
        PairedDifference difference =
                PairedDifference.of(new double[] {71.3, 74.4, 70.0}, new double[] {68.1, 65.4, 62.0});
        assertThat(difference.mean()).isCloseTo(6.7333, within(1e-3));
        assertThat(difference.low()).isCloseTo(-0.9696, within(2e-3));
        assertThat(difference.high()).isCloseTo(14.4363, within(2e-3));
        assertThat(PairedDifference.of(new double[] {1}, new double[] {0}).high())
                .isInfinite();
    }

    private static ComparisonReport.Outcome outcome(String name, double... accuracy) {
        return new ComparisonReport.Outcome(
                new Arm(name, name, arms().getFirst().config()), 100, 50, 1e-3, accuracy, 1000);
    }

    @Test
    void theVerdictFollowsTheInterval() {
        ComparisonReport clear = new ComparisonReport(
                List.of(outcome("lora", 0.60, 0.61, 0.62), outcome("a", 0.66, 0.68, 0.68), outcome("b", 0.9, 0.3, 0.9)),
                null,
                10,
                1);
        assertThat(clear.recommended().arm().name()).isEqualTo("a");
        assertThat(clear.verdict()).startsWith("a is better than LoRA of as many parameters by 6.3 points");
        ComparisonReport tie = new ComparisonReport(
                List.of(outcome("lora", 0.60, 0.61, 0.62), outcome("a", 0.62, 0.60, 0.63)),
                new ComparisonReport.Headroom(0.6, 0.59, 0.6),
                10,
                1);
        assertThat(tie.recommended().arm().name()).isEqualTo("lora");
        assertThat(tie.verdict()).contains("take LoRA", "no router can be");
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        TrainingConfig training = TrainingConfig.builder().build();
        assertThatThrownBy(() -> new Comparison.Settings(training, List.of(), 3, 0))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("rates are []");
        assertThatThrownBy(() -> new Comparison.Settings(training, List.of(1e-3), 0, 0))
                .isInstanceOf(InputException.class)
                .hasMessage("seeds is 0; expected 1 to 100");
    }
}
