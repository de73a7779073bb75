package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.model.DeviceChoice;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;

class DemoTest {
    @TempDir
    private Path temp;

    /** The paper's comparison: 8 experts of rank 4 on q and v of LLaMA-7B have as many parameters as LoRA of rank 36. */
    @Test
    void theComparisonIsFair() {
        List<LinearSite> linears = new ArrayList<>();
        for (int layer = 0; layer < 32; layer++) {
            for (String name : List.of("q_proj", "v_proj")) {
                linears.add(new LinearSite("model.layers." + layer + ".self_attn." + name, layer, 4096, 4096));
            }
        }
        MoeLoraConfig mixture = MoeLoraConfig.builder().build();
        LoraConfig lora = DemoRun.asManyParameters(mixture, linears);
        assertThat(lora.rank()).isEqualTo(36);
        assertThat(lora.parameterCount(linears)).isEqualTo(18_874_368L);
        assertThat(lora.scale()).isEqualTo(mixture.scale());
    }

    @Test
    void tasksAreFoundAboveTheCurrentFolder() {
        assertThat(DemoTasks.find().tasks()).hasSize(11);
    }

    @Test
    void theQuickDemoStaysWithinItsTokens() {
        DemoSettings quick = DemoSettings.quick(0);
        assertThat(quick.trainingTokens()).isLessThanOrEqualTo(30_000);
        assertThat(quick.training().steps()).isNull();
        assertThat(quick.training().epochs()).isLessThanOrEqualTo(1);
    }

    @Test
    void reportsHaveTheNumbersOfTheRun() {
        DemoSettings settings = new DemoSettings(
                MoeLoraConfig.builder().build(),
                TrainingConfig.builder().epochs(1).build(),
                1_000,
                2);
        DemoRun.Result result = new DemoRun(
                        DemoTasks.find(), settings, temp.resolve("demo"), news -> {}, TrainingListener.SILENT)
                .run(DeviceChoice.FASTEST, true);
        JsonObject json = Json.parse(
                JsonWriter.pretty(DemoReport.asJson(result, true, 0)).getBytes(StandardCharsets.UTF_8), "report");
        assertThat(json.string("method")).isEqualTo("prompt-moelora");
        assertThat(json.object("moelora").integer("tokens")).isBetween(500, 1_000);
        assertThat(temp.resolve("demo/prompt-moelora/last/adapter_model.safetensors"))
                .exists();
        assertThat(temp.resolve("demo/lora/last/adapter_model.safetensors")).exists();
        JsonArray tasks = json.array("tasks");
        assertThat(tasks.size()).isEqualTo(11);
        for (JsonObject task : tasks.objects()) {
            assertThat(task.integer("rows")).isEqualTo(2);
            assertThat(task.number("chance")).isBetween(0.0, 1.0);
            assertThat(task.number("before") * 2 % 1).isZero();
            assertThat(task.number("after") * 2 % 1).isZero();
            assertThat(task.number("lora") * 2 % 1).isZero();
        }
        JsonArray linears = json.object("routing").array("linears");
        assertThat(linears.size()).isEqualTo(10);
        for (JsonObject linear : linears.objects()) {
            assertThat(linear.number("information")).isBetween(0.0, 3.0);
            assertThat(linear.number("untrained")).isBetween(0.0, 3.0);
            assertThat(linear.object("shares").array("boolq").size()).isEqualTo(8);
        }
        double parameters = json.object("moelora").number("parameters");
        assertThat(json.object("lora").number("parameters")).isCloseTo(parameters, within(0.02 * parameters));

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DemoReport.print(result, true, new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("held-out accuracy", "chance", "mean", "of 11 tasks", "parameters", "peak memory")
                .contains("untrained router", "this router", "I(task; expert)", "layer ", "expert 7", "Shades")
                .containsPattern("\n4 +0\\.\\d{3} ");
        for (String task : Map.of("addsub", 1, "boolq", 1, "arc-c", 1).keySet()) {
            assertThat(out.toString(StandardCharsets.UTF_8)).contains("\n" + task + " ");
        }
    }
}
