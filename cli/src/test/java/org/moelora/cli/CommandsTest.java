package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.settings.Setting;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class CommandsTest {
    private static final Path ADAPTER = Ran.VECTORS.resolve("llama-moelora/adapter-trained");

    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"demo", "train", "score", "eval", "generate", "serve", "inspect", "devices", "learn"})
    void helpShowsExamples(String command) {
        for (List<String> args : List.of(List.of("help", command), List.of(command, "--help"))) {
            Ran ran = Ran.of(args.toArray());
            assertThat(ran.code()).isZero();
            assertThat(ran.out()).contains("Usage: moelora " + command, "Examples:", "\n  moelora " + command);
            assertThat(ran.out().lines()).allMatch(line -> line.length() <= 125);
        }
    }

    @Test
    void versionAndTheListOfCommands() {
        assertThat(Ran.of("--version").out()).startsWith("moelora ").contains("Java ");
        assertThat(Ran.of("--help").out())
                .contains("demo", "train", "score", "eval", "generate", "serve", "inspect", "devices");
    }

    @Test
    void flagsOfTrainHaveTheirDefaults() {
        Streams streams = new Streams(InputStream.nullInputStream(), System.out, System.err, false, () -> 0);
        CommandLine train = Moelora.commandLine(streams).getSubcommands().get("train");
        CommandSpec spec = train.getCommandSpec();
        Map.of(
                        "--batch-size", "8",
                        "--max-length", "512",
                        "--grad-accumulation", "1",
                        "--learning-rate", "3e-4",
                        "--schedule", "cosine",
                        "--warmup", "3%",
                        "--weight-decay", "0",
                        "--clip", "1",
                        "--seed", "0")
                .forEach((flag, value) -> assertThat(
                                ((Setting<?, ?>) spec.findOption(flag).userObject()).shownDefault())
                        .as(flag)
                        .isEqualTo(value));
    }

    /** Flags whose default depends on others have it where it is resolved. */
    @Test
    void theRestOfTheDefaultsIsInRunYaml() throws IOException {
        Path out = temp.resolve("out");
        Ran ran = Ran.of("train", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS, "--out", out);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(Files.readAllLines(out.resolve("run.yaml")))
                .contains(
                        "method: \"moelora\"",
                        "experts: 8",
                        "top-k: 2",
                        "gate: \"top-k\"",
                        "rank: 4",
                        "alpha: 8.0",
                        "dropout: 0.0",
                        "targets: \"q_proj,v_proj\"",
                        "epochs: 3.0",
                        "balance-weight: 0.01",
                        "contrast-weight: 0.01",
                        "contrast-temperature: 0.1",
                        "contrast-warmup: \"10%\"",
                        "max-pairs: 512",
                        "no-shuffle: false");
    }

    @Test
    void aRunsNumbersAreATableAndAnObject() throws IOException {
        Path run = temp.resolve("run");
        Ran trained = Ran.of(
                "train", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS, "--out", run, "--steps=2", "--eval-split=0.3");
        assertThat(trained.code()).as(trained.err()).isZero();
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
        List<String> csv = Ran.of("show", run, "--csv").out().lines().toList();
        assertThat(csv).hasSize(1 + metrics.size());
        List<String> names = List.of(csv.getFirst().split(",", -1));
        assertThat(names).contains("step", "loss", "eval_loss").doesNotHaveDuplicates();
        JsonObject first = Json.parse(metrics.getFirst().getBytes(StandardCharsets.UTF_8), "metrics");
        assertThat(Double.parseDouble(csv.get(1).split(",", -1)[names.indexOf("loss")]))
                .isEqualTo(first.number("loss"));
        assertThat(csv).allMatch(line -> line.split(",", -1).length == names.size());

        JsonObject json = Json.parse(Ran.of("show", run, "--json").out().getBytes(StandardCharsets.UTF_8), "output");
        assertThat(json.string("state")).isEqualTo("finished");
        assertThat(json.integer("step")).isEqualTo(2);
        assertThat(json.object("run").has("base")).isTrue();
        assertThat(Ran.of("show", run, "--csv", "--json").code()).isEqualTo(Main.MISTAKE);

        assertThat(Ran.inColumns(60, "show", run).out().lines()).allMatch(line -> line.length() <= 100);
    }

    @Test
    void aTableThatIsTooWideIsInPieces() {
        Table table = new Table(2, "task", "linear", "expert 0", "expert 1", "expert 2");
        table.row("a", "q", "1", "2", "3");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        table.print(
                new Streams(InputStream.nullInputStream(), new PrintStream(out, true), System.err, false, () -> 33));
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("""
                task  linear  expert 0  expert 1
                a          q         1         2

                task  linear  expert 2
                a          q         3
                """);
    }

    @Test
    void devicesSaysWhatIsChosenAndWhy() {
        Ran fastest = Ran.of("devices", "--threads=1");
        assertThat(fastest.code()).isZero();
        assertThat(fastest.out()).contains("* cpu-simd", "  cpu-plain", "chosen: cpu-simd", "1 thread", "the fastest");
        assertThat(Ran.of("devices", "--device=cpu-plain").out()).contains("* cpu-plain", "by --device cpu-plain");
    }

    @Test
    void aDeviceWithoutTilesHasNothingToTune() {
        Ran ran = Ran.of("devices", "--tune");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("cpu has nothing to tune; expected an OpenCL device, such as opencl:0");
    }

    @Test
    void inspectShowsSettingsWithoutAModel() {
        Ran ran = Ran.of("inspect", ADAPTER);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out())
                .containsPattern("method +moelora\n")
                .containsPattern("parameters +12,288 on 4 linears\n")
                .containsPattern("experts +8\n")
                .containsPattern("top-k +2\n")
                .containsPattern("rank +4\n")
                .containsPattern("targets +q_proj,v_proj\n");
    }

    @Test
    void aLineInIsAnAnswerOut() {
        String question = "Ben had 15 balls.";
        Ran prompt = Ran.of("generate", "--model", Ran.TINY, "--max-tokens=8", "--prompt", question);
        assertThat(prompt.code()).as(prompt.err()).isZero();
        Ran lines =
                Ran.withInput(question + "\n\n" + question + "\n", "generate", "--model", Ran.TINY, "--max-tokens=8");
        assertThat(lines.out()).isEqualTo(prompt.out() + prompt.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"stories260K-hf", "stories260K/stories260K.gguf"})
    void withoutAnyInputATextIsToldFromItsBeginning(String model) {
        String story = Json.read(Published.file("models/stories260K-hf/expected.json"))
                .object("independent")
                .string("text");
        Ran told =
                Ran.of("generate", "--model", Published.file("models/" + model), "--max-tokens=200", "--temperature=0");
        assertThat(told.code()).as(told.err()).isZero();
        assertThat(told.out().strip()).isEqualTo(story.strip());
    }

    @Test
    void theSameSeedDrawsTheSameText() {
        String[] texts = new String[3];
        for (int i = 0; i < 3; i++) {
            texts[i] = Ran.of(
                            "generate",
                            "--model",
                            Ran.TINY,
                            "--prompt=A",
                            "--max-tokens=24",
                            "--temperature=1.5",
                            "--seed=" + i / 2)
                    .out();
        }
        assertThat(texts[1]).isEqualTo(texts[0]);
        assertThat(texts[2]).isNotEqualTo(texts[0]);
    }

    /** One row expects what the model says, another something else. */
    @Test
    void evalCountsRightAnswersPerTask() throws IOException {
        String question = "Ben had 15 balls. Mia gave Ben 6 more. How many balls does Ben have now?\nAnswer:";
        String answer = Ran.of("generate", "--model", Ran.TINY, "--max-tokens=8", "--prompt", question)
                .out()
                .lines()
                .findFirst()
                .orElseThrow()
                .strip();
        Path data = Files.write(
                temp.resolve("rows.jsonl"),
                List.of(
                        JsonWriter.line(Map.of("task", "right", "prompt", question, "completion", " " + answer)),
                        JsonWriter.line(
                                Map.of("task", "wrong", "prompt", question, "completion", " " + answer + "0"))));
        Ran ran = Ran.of("eval", "--model", Ran.TINY, "--data", data, "--json");
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonObject json = Json.parse(ran.out().getBytes(StandardCharsets.UTF_8), "output");
        assertThat(json.number("accuracy")).isEqualTo(0.5);
        assertThat(json.object("tasks").object("right").integer("correct")).isEqualTo(1);
        assertThat(json.object("tasks").object("wrong").integer("correct")).isZero();
        assertThat(Ran.of("eval", "--model", Ran.TINY, "--data", data).out()).containsPattern("all +2 +1 +50.0 %");
    }
}
