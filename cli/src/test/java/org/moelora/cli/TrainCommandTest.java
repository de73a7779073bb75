package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;

class TrainCommandTest {
    private static final String WEIGHTS = "adapter_model.safetensors";

    @TempDir
    private Path temp;

    private static List<JsonObject> rows(Path file) {
        List<JsonObject> rows = new ArrayList<>();
        JsonRows.read(file, rows::add);
        return rows;
    }

    private static Object[] args(Path out, Object... more) {
        return Stream.concat(
                        Stream.of("train", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS, "--out", out),
                        Stream.of(more))
                .toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-moelora", "llama-moelora-zero-b", "qwen2-moelora-all-linears"})
    void lossesAreTheReferences(String name) {
        Path folder = Ran.VECTORS.resolve(name);
        JsonObject settings = Json.read(folder.resolve("training.json"));
        Ran ran = Ran.of(
                "train",
                "--no-shuffle",
                "--init-adapter",
                folder.resolve("adapter-init"),
                "--model",
                Ran.VECTORS.resolve(settings.string("model")),
                "--data",
                Ran.VECTORS.resolve(settings.string("batches")),
                "--out",
                temp.resolve("out"),
                "--epochs=1",
                "--batch-size=" + settings.integer("batch_size"),
                "--learning-rate=" + settings.number("learning_rate"),
                "--schedule=constant",
                "--warmup=0",
                "--clip=0",
                "--balance-weight=" + settings.number("balance_weight"),
                "--contrast-weight=" + settings.number("contrast_weight"),
                "--contrast-temperature=" + settings.number("temperature"),
                "--contrast-warmup=0",
                "--max-pairs=1000000");
        assertThat(ran.code()).as(ran.err()).isZero();
        List<JsonObject> expected = rows(folder.resolve("steps.jsonl"));
        List<JsonObject> found = rows(temp.resolve("out/metrics.jsonl"));
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            for (String loss : List.of("loss", "lm", "balance", "contrast")) {
                assertClose(found.get(i), expected.get(i), loss, 1e-5);
            }
            assertClose(found.get(i), expected.get(i), "grad_norm", 1e-4);
        }
    }

    private static void assertClose(JsonObject found, JsonObject expected, String name, double tolerance) {
        double value = expected.number(name);
        assertThat(found.number(name))
                .as("%s of step %s", name, expected.get("step"))
                .isCloseTo(value, within(tolerance * Math.abs(value)));
    }

    @Test
    void threadsDoNotChangeAByteAndRunYamlDoesTheSameAgain() throws IOException {
        byte[] before = Files.readAllBytes(Ran.LLAMA.resolve("model.safetensors"));
        for (int threads : new int[] {1, 2}) {
            Ran ran = Ran.of(args(
                    temp.resolve("out" + threads),
                    "--threads=" + threads,
                    "--epochs=2",
                    "--dropout=0.1",
                    "--eval-split=0.2",
                    "--learning-rate=1e-2",
                    "--max-pairs=16"));
            assertThat(ran.code()).as(ran.err()).isZero();
        }
        Ran again = Ran.of("train", "--config", temp.resolve("out1/run.yaml"), "--out", temp.resolve("again"));
        assertThat(again.code()).as(again.err()).isZero();
        for (String adapter : List.of("last", "best")) {
            assertThat(temp.resolve("out2").resolve(adapter).resolve(WEIGHTS))
                    .hasSameBinaryContentAs(
                            temp.resolve("out1").resolve(adapter).resolve(WEIGHTS));
            assertThat(temp.resolve("again").resolve(adapter).resolve(WEIGHTS))
                    .hasSameBinaryContentAs(
                            temp.resolve("out1").resolve(adapter).resolve(WEIGHTS));
        }
        assertThat(Ran.LLAMA.resolve("model.safetensors")).hasBinaryContent(before);
    }

    @Test
    void outHoldsTheAdaptersTheLogAndTheFlags() throws IOException {
        Path out = temp.resolve("a/b");
        Ran ran = Ran.of(args(
                out, "--steps=4", "--warmup=0", "--schedule=linear", "--eval-data", Ran.LLAMA_ROWS, "--eval-every=2"));
        assertThat(ran.code()).as(ran.err()).isZero();
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "run.json",
                            "run.yaml",
                            "metrics.jsonl",
                            "checkpoints",
                            "best",
                            "last",
                            "lock",
                            "report.html");
        }
        List<JsonObject> lines = rows(out.resolve("metrics.jsonl"));
        assertThat(lines).hasSize(6);
        assertThat(lines.getFirst().names())
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
        assertThat(lines.getFirst().number("learning_rate")).isEqualTo(3e-4);
        assertThat(lines.get(2).names()).containsExactly("step", "eval_loss");
        assertThat(lines.get(2).integer("step")).isEqualTo(2);
        assertThat(ran.out()).contains("trained 4 steps", out.resolve("last").toString());
        assertThat(ran.err())
                .contains("step 1/4", "step 4/4", "evaluation loss")
                .doesNotContain("\r");
    }

    @Test
    void recomputingIsWrittenDownAndGivesTheSameAdapter() throws IOException {
        for (String out : List.of("kept", "again")) {
            List<Object> args = new ArrayList<>(List.of(args(temp.resolve(out), "--steps=2", "--dropout=0.1")));
            if (out.equals("again")) {
                args.add("--recompute");
            }
            Ran ran = Ran.of(args.toArray());
            assertThat(ran.code()).as(ran.err()).isZero();
        }
        assertThat(temp.resolve("again/last").resolve(WEIGHTS))
                .hasSameBinaryContentAs(temp.resolve("kept/last").resolve(WEIGHTS));
        assertThat(Files.readAllLines(temp.resolve("kept/run.yaml"))).contains("recompute: false");
        assertThat(Files.readAllLines(temp.resolve("again/run.yaml"))).contains("recompute: true");
    }

    @Test
    void theMemoryThatIsNeededIsSaidBeforehandAndALimitWrittenDown() throws IOException {
        Ran ran = Ran.of(args(temp.resolve("out"), "--steps=1", "--max-memory=1.5g"));
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.err())
                .containsPattern(
                        "moelora: memory at the peak: [1-9][0-9]* MB.*; --max-memory allows 1,500 MB\nstep 1/1");
        assertThat(Files.readAllLines(temp.resolve("out/run.yaml"))).contains("max-memory: \"1.5g\"");
        Ran resumed = Ran.of("train", "--resume", temp.resolve("out"), "--max-memory=1m");
        assertThat(resumed.code()).isEqualTo(2);
        assertThat(resumed.err()).contains("--max-memory allows 1 MB");
    }

    @Test
    void aTerminalGetsABar() {
        Ran ran = Ran.onTerminal(args(temp.resolve("out"), "--steps=3", "--method=lora"));
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.err())
                .contains("\r[########################] 100% step 3/3  loss ")
                .contains("0:00 left");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--method=lora",
                "--experts=4",
                "--top-k=3",
                "--rank=8",
                "--alpha=4",
                "--targets=q_proj",
                "--gate=top-k-raw",
                "--dropout=0.5"
            })
    void whatTheInitialAdapterFixesIsNotContradicted(String flag) {
        Ran ran = Ran.of(
                args(temp.resolve("out"), "--init-adapter", Ran.VECTORS.resolve("llama-moelora/adapter-init"), flag));
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains(flag.substring(0, flag.indexOf('='))).hasLineCount(1);
        assertThat(temp).isEmptyDirectory();
    }

    @Test
    void theSameSettingsAsTheInitialAdaptersAreNoContradiction() {
        Ran ran = Ran.of(args(
                temp.resolve("out"),
                "--init-adapter",
                Ran.VECTORS.resolve("llama-moelora/adapter-init"),
                "--steps=1",
                "--method=moelora",
                "--experts=8",
                "--top-k=2",
                "--rank=4",
                "--alpha=8",
                "--targets=v_proj,q_proj",
                "--gate=top-k"));
        assertThat(ran.code()).as(ran.err()).isZero();
    }

    @Test
    void dryRunShowsRowsAndCostAndLeavesNothing() throws IOException {
        Path data = temp.resolve("rows.jsonl");
        Files.writeString(data, """
                {"prompt": "The sum is", "completion": " nine"}
                {"prompt": "%s", "completion": " no"}
                {"prompt": "A", "completion": "%s"}
                """.formatted("word ".repeat(100), " word".repeat(100)));
        List<Path> before = Ran.tree(temp);
        Ran ran = Ran.of("train", "--model", Ran.TINY, "--data", data, "--max-length=32", "--epochs=4", "--dry-run");
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out())
                .contains("The sum is{{ nine<EOS>}}")
                .containsPattern("cut at --max-length +1\n")
                .containsPattern("left out, no label +1\n")
                .containsPattern("steps +4\n")
                .containsPattern("trained parameters +[1-9]")
                .containsPattern("memory at the peak +[1-9][0-9]* MB \\(.*activations [1-9].*\\); ")
                .containsPattern("time +about [0-9]+:[0-9]{2}");
        assertThat(Ran.tree(temp)).isEqualTo(before);
    }

    @Test
    void aModelWithoutTheWordsAndALossNoBetterThanFrequenciesAreSaid() throws IOException {
        Path data = temp.resolve("tickets.jsonl");
        StringBuilder rows = new StringBuilder();
        String[] words = {"Rechnungskopie", "Vertragsk\u00fcndigung", "Zugangsberechtigung", "Lieferverz\u00f6gerung"};
        for (int i = 0; i < 16; i++) {
            rows.append("{\"prompt\": \"Ticket ").append(i).append(":\", \"completion\": \" ");
            rows.append(words[i % 4]).append("\"}\n");
        }
        Files.writeString(data, rows);
        Ran ran = Ran.of(
                "train",
                "--model",
                Ran.TINY,
                "--data",
                data,
                "--out",
                temp.resolve("run"),
                "--steps=1",
                "--batch-size=2");
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.err())
                .containsPattern("WARNING: [0-9]+ % of the tokens to be learned that stand for letters are spelled out")
                .contains("guess each token by how often it occurs in the training data gives");
    }
}
