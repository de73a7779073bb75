package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.AdapterSummary;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/** mix, grow, drop and compare, at a shell. */
class MixtureCommandsTest {
    @TempDir
    private Path temp;

    /** Rows of tokens whose words are the job's own, with a prompt of three and an answer of one. */
    private Path job(String name, int firstWord) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int r = 0; r < 24; r++) {
            int a = firstWord + r % 5;
            int b = firstWord + r * 3 % 7;
            lines.add("{\"task\": \"" + name + "\", \"input_ids\": [" + firstWord + ", " + a + ", " + b + ", " + a
                    + "], \"labels\": [-100, -100, -100, " + a + "]}");
        }
        return Files.write(temp.resolve(name + ".jsonl"), lines);
    }

    private static Ran run(Object... args) {
        Ran ran = Ran.of(args);
        assertThat(ran.code()).as(ran.err()).isZero();
        return ran;
    }

    private Path trained(String method, Path data, String out) {
        run(
                "train",
                "--model",
                Ran.LLAMA,
                "--data",
                data,
                "--method",
                method,
                "--rank",
                2,
                "--steps",
                6,
                "--learning-rate",
                0.02,
                "--out",
                temp.resolve(out));
        return temp.resolve(out).resolve("last");
    }

    @Test
    void adaptersAreMixedStoppedResumedAndDropped() throws IOException {
        Path a = job("a", 10);
        Path b = job("b", 30);
        Path first = trained("lora", a, "first");
        Path second = trained("lora", b, "second");
        Path third = trained("lora", b, "third");
        Path mixture = temp.resolve("mixture");
        run("mix", first, second, third, "--model", Ran.LLAMA, "--data", a, b, "--steps", 4, "--out", mixture);
        AdapterSummary summary = AdapterSummary.read(mixture.resolve("last"));
        assertThat(summary.config().experts()).isEqualTo(3);
        JsonObject config = Json.read(mixture.resolve("last/adapter_config.json"));
        assertThat(config.array("expert_origins").strings())
                .containsExactly(first.toString(), second.toString(), third.toString());
        assertThat(config.string("routing_strategy")).isEqualTo("dense");
        Path other = temp.resolve("other");
        run(
                "mix",
                first,
                second,
                third,
                "--model",
                Ran.LLAMA,
                "--data",
                a,
                b,
                "--steps",
                4,
                "--out",
                other,
                "--checkpoint-every",
                1,
                "--keep",
                9);
        // As if it had been killed after the second step.
        for (String gone : List.of("last", "checkpoints/step-00000003", "checkpoints/step-00000004")) {
            delete(other.resolve(gone));
        }
        run("train", "--resume", other);
        assertThat(Files.readAllBytes(other.resolve("last/adapter_model.safetensors")))
                .isEqualTo(Files.readAllBytes(mixture.resolve("last/adapter_model.safetensors")));
        assertThat(Json.read(other.resolve("last/adapter_config.json"))
                        .array("expert_origins")
                        .size())
                .isEqualTo(3);

        Path dropped = temp.resolve("dropped");
        Ran drop = run("drop", mixture.resolve("last"), "--model", Ran.LLAMA, "--expert", 1, "--out", dropped);
        assertThat(drop.out()).startsWith("dropped expert 1 (" + second + "); 2 are left in " + dropped);
        assertThat(AdapterSummary.read(dropped).config().experts()).isEqualTo(2);
        run("score", "--model", Ran.LLAMA, "--adapter", dropped, "--data", a);
    }

    private static void delete(Path folder) throws IOException {
        try (var paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    void anAdapterGrowsAndItsAnswersStay() throws IOException {
        Path old = job("old", 10);
        Path fresh = job("new", 30);
        Path older = trained("prompt-moelora", old, "older");
        String before = run("score", "--model", Ran.LLAMA, "--adapter", older, "--data", old, "--json")
                .out();
        Path grown = temp.resolve("grown");
        Ran grow = run(
                "grow",
                older,
                "--model",
                Ran.LLAMA,
                "--data",
                fresh,
                "--old-data",
                old,
                "--steps",
                6,
                "--learning-rate",
                0.02,
                "--out",
                grown);
        assertThat(grow.out())
                .contains("new rows that the new experts answer: 24 of 24 (100.0 %)")
                .contains("old rows that the new experts take:   0 of 24 (0.0 %)");
        assertThat(run("score", "--model", Ran.LLAMA, "--adapter", grown.resolve("last"), "--data", old, "--json")
                        .out())
                .isEqualTo(before);
        Path lora = trained("lora", old, "lora");
        Ran refused = Ran.of("grow", lora, "--model", Ran.LLAMA, "--data", fresh, "--out", temp.resolve("x"));
        assertThat(refused.code()).isEqualTo(Main.MISTAKE);
        assertThat(refused.err()).contains("does not know what its prompts look like", "expected --old-data");
        assertThat(temp.resolve("x")).doesNotExist();
        run(
                "grow",
                lora,
                "--model",
                Ran.LLAMA,
                "--data",
                fresh,
                "--old-data",
                old,
                "--steps",
                2,
                "--out",
                temp.resolve("y"));
    }

    @Test
    void aComparisonLeavesAReportAndASetting() throws IOException {
        Path data = temp.resolve("all.jsonl");
        List<String> lines = new ArrayList<>(Files.readAllLines(job("a", 10)));
        lines.addAll(Files.readAllLines(job("b", 30)));
        Files.write(data, lines);
        Path out = temp.resolve("comparison");
        Ran ran = run(
                "compare",
                "--model",
                Ran.LLAMA,
                "--data",
                data,
                "--test",
                data,
                "--out",
                out,
                "--rank",
                10,
                "--experts",
                "2,16",
                "--rates",
                "1e-3,1e-2",
                "--seeds",
                2,
                "--epochs",
                0.5,
                "--targets",
                "q_proj,v_proj");
        assertThat(ran.err()).contains("left out").contains("experts [16]").contains("headroom: one LoRA");
        assertThat(ran.out()).contains("over lora").contains("95 % interval").contains("recommended: ");
        JsonObject json = Json.read(out.resolve("compare.json"));
        assertThat(json.array("arms").objects())
                .extracting(arm -> arm.string("name"))
                .containsExactly("lora", "lora-rank-per-task", "prompt-moelora-2");
        for (JsonObject arm : json.array("arms").objects()) {
            assertThat(arm.array("accuracy").size()).isEqualTo(2);
            assertThat(arm.longInteger("active_parameters")).isPositive();
        }
        assertThat(json.string("recommended")).isNotEmpty();
        run("train", "--config", out.resolve("run.yaml"), "--out", temp.resolve("run"), "--steps", 1);
        Ran other = Ran.of("compare", "--model", Ran.LLAMA, "--data", data, "--out", out);
        assertThat(other.code()).isEqualTo(Main.MISTAKE);
        assertThat(other.err()).contains("holds a comparison of other arms, rows or settings");
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        Path a = job("a", 10);
        Path lora = trained("lora", a, "lora");
        for (Object[] args : new Object[][] {
            {"mix", lora, lora, "--model", Ran.LLAMA, "--data", a, "--out", temp.resolve("m"), "--rank", 4},
            {"mix", lora, lora, "--resume", temp.resolve("m")},
            {"drop", lora, "--model", Ran.LLAMA, "--expert", 0, "--out", temp.resolve("d")},
            {"drop", lora, "--model", Ran.LLAMA, "--expert", 0, "--out", temp},
            {"compare", "--model", Ran.LLAMA, "--data", a, "--out", temp.resolve("c"), "--budget", "soon"},
            {"compare", "--model", Ran.LLAMA, "--data", a, "--out", temp.resolve("c"), "--experts", "1"},
        }) {
            Ran ran = Ran.of(args);
            assertThat(ran.code()).isEqualTo(Main.MISTAKE);
            assertThat(ran.err().lines().filter(line -> line.startsWith("moelora: ")))
                    .hasSize(1);
            assertThat(ran.err()).as("what to do").containsPattern("; (expected|leave|give|choose|put|make|try) ");
        }
        assertThat(temp.resolve("m")).doesNotExist();
        assertThat(temp.resolve("c")).doesNotExist();
    }
}
