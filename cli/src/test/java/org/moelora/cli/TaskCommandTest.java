package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/** {@code moelora eval --task}. */
class TaskCommandTest {
    private static final String ROWS = """
            {"instruction":"Is a violin alive? Answer format: true/false","answer":"false"}
            {"instruction":"Is a cat alive? Answer format: true/false","answer":"true"}
            {"instruction":"Is a fish alive? Answer format: true/false","answer":"true"}
            """;

    @TempDir
    private Path temp;

    private Path rows(String text) throws IOException {
        return Files.writeString(temp.resolve("rows.jsonl"), text);
    }

    private static List<Object> eval(Object... more) {
        List<Object> args = new ArrayList<>(List.of("eval", "--model", Ran.TINY));
        args.addAll(Arrays.asList(more));
        return args;
    }

    private static Ran run(Object... more) {
        Ran ran = Ran.of(eval(more).toArray());
        assertThat(ran.code()).as(ran.err()).isZero();
        return ran;
    }

    private static void refused(String sentence, Object... more) {
        Ran ran = Ran.of(eval(more).toArray());
        assertThat(ran.code()).as(ran.out()).isEqualTo(Main.MISTAKE);
        assertThat(ran.err().lines().filter(line -> line.startsWith("moelora: ")))
                .hasSize(1);
        assertThat(ran.err()).contains(sentence).contains("; expected");
        assertThat(ran.out()).isEmpty();
    }

    private Path adapter(String name, double rate) throws IOException {
        Path data = Files.writeString(temp.resolve("train.jsonl"), """
                {"instruction":"Is a dog alive? Answer format: true/false","output":"the correct answer is true"}
                """);
        Path run = temp.resolve(name);
        Ran ran = Ran.of(
                "train",
                "--model",
                Ran.TINY,
                "--data",
                data,
                "--method",
                "lora",
                "--learning-rate",
                rate,
                "--epochs",
                8,
                "--out",
                run);
        assertThat(ran.code()).as(ran.err()).isZero();
        return run.resolve("last");
    }

    @Test
    void adaptersStandSideBySideInOneTable() throws IOException {
        Path data = rows(ROWS);
        Path weak = adapter("weak", 1e-6);
        Path strong = adapter("strong", 0.02);
        Object[] args = {
            "--task",
            "boolq",
            "--data",
            data,
            "--scoring",
            "likelihood",
            "--prompt-style",
            "alpaca",
            "--with-base",
            "--adapter",
            weak,
            "--adapter",
            strong
        };
        List<String> lines = run(args).out().lines().toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.getFirst()).matches("boolq +rows +right +accuracy +95 % interval +no answer");
        assertThat(lines.get(1)).matches("base +3 +\\d +[0-9.]+ % +[0-9.]+ to [0-9.]+ % +0");
        // It learned to say "true": two of three. (2/3: Wilson's interval is 20.8 to 93.9 %.)
        assertThat(lines.get(3)).matches(".*strong.last +3 +2 +66\\.7 % +20\\.8 to 93\\.9 % +0");

        JsonObject json = Json.parse(run(append(args, "--json")).out().getBytes(StandardCharsets.UTF_8), "output");
        assertThat(json.string("task")).isEqualTo("boolq");
        assertThat(json.string("scoring")).isEqualTo("likelihood");
        assertThat(json.array("results").objects())
                .extracting(it -> it.string("model"))
                .containsExactly("base", weak.toString(), strong.toString());
        // Each view of the one base says what it says alone.
        for (JsonObject result : json.array("results").objects()) {
            List<Object> alone = new ArrayList<>(List.of(
                    "--task",
                    "boolq",
                    "--data",
                    data,
                    "--scoring",
                    "likelihood",
                    "--prompt-style",
                    "alpaca",
                    "--json"));
            if (!result.string("model").equals("base")) {
                alone.addAll(List.of("--adapter", result.string("model")));
            }
            assertThat(run(alone.toArray()).out()).contains(result.toString());
        }
    }

    private static Object[] append(Object[] args, Object more) {
        Object[] all = Arrays.copyOf(args, args.length + 1);
        all[args.length] = more;
        return all;
    }

    @Test
    void rowsOfTrainingDataAreReportedAndLeftOut() throws IOException {
        Path data = rows(ROWS);
        Path training = Files.writeString(temp.resolve("training.jsonl"), """
                {"instruction":"Something else","output":"x"}
                {"instruction":"is a CAT alive?  Answer format: true / false","output":"the correct answer is true"}
                """);
        Object[] args = {"--task=boolq", "--data", data, "--scoring=likelihood", "--against", training};
        List<String> lines = run(args).out().lines().toList();
        assertThat(lines.get(1)).matches("base +3 .*");
        assertThat(lines.subList(3, lines.size()))
                .containsExactly(
                        "In training data: 1 of 3 rows, counted all the same",
                        "  " + training + ": 1",
                        "  " + data + " line 2 is " + training + " line 2");

        lines = run(append(args, "--drop-contaminated")).out().lines().toList();
        assertThat(lines.get(1)).matches("base +2 .*");
        assertThat(lines.get(3)).isEqualTo("In training data: 1 of 3 rows, left out");

        refused(
                "every row occurs in the data of --against",
                "--task=boolq",
                "--data",
                data,
                "--against",
                asTraining(),
                "--drop-contaminated");
    }

    private Path asTraining() throws IOException {
        return Files.writeString(temp.resolve("all.jsonl"), ROWS.replace("\"answer\"", "\"output\""));
    }

    @Test
    void limitAsksTheFirst() throws IOException {
        Path data = rows(ROWS);
        assertThat(run("--task=boolq", "--data", data, "--limit=2").out()).containsPattern("base +2 ");
        assertThat(run("--task=BoolQ", "--data", data, "--limit=9", "--scoring=likelihood")
                        .out())
                .containsPattern("base +3 ");
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        Path data = rows(ROWS);
        refused("--task is \"trivia\"; expected one of gsm8k, aqua,", "--task=trivia", "--data", data);
        refused("--scoring is \"best\"", "--task=boolq", "--scoring=best", "--data", data);
        refused("--prompt-style is \"chatml\"", "--task=boolq", "--prompt-style=chatml", "--data", data);
        refused("--limit is 0", "--task=boolq", "--limit=0", "--data", data);
        refused("--batch-size is 0", "--task=boolq", "--batch-size=0", "--data", data);
        refused("--limit is given without --task", "--limit=2", "--data", data);
        refused(
                "--drop-contaminated is given without --against",
                "--task=boolq",
                "--drop-contaminated",
                "--data",
                data);
        refused("line 1: field \"answer\"", "--task=gsm8k", "--data", data);
        refused(
                "gsm8k has no choices",
                "--task=gsm8k",
                "--scoring=likelihood",
                "--data",
                rows("{\"instruction\":\"1+1?\",\"answer\":2}\n"));
    }

    @Test
    void rowsThatAreNoQuestionsAreNamed() throws IOException {
        refused("rows.jsonl line 2: field \"answer\"", "--task=boolq", "--data", rows("""
                {"instruction":"Is it?","answer":"true"}
                {"instruction":"Is it?","output":"true"}
                """));
        refused("rows.jsonl line 1: field \"instruction\"", "--task=boolq", "--data", rows("""
                {"question":"Is it?","answer":"true"}
                """));
        refused("rows.jsonl line 1: field \"instruction\"", "--task=boolq", "--data", rows("""
                {"instruction":" ","answer":"true"}
                """));
        refused(
                "rows.jsonl line 1: field \"answer\" is \"yes\"; expected true or false",
                "--task=boolq",
                "--data",
                rows("""
                {"instruction":"Is it?","answer":"yes"}
                """));
        refused("rows.jsonl: there are no rows", "--task=boolq", "--data", rows(""));
        refused("missing.jsonl", "--task=boolq", "--data", temp.resolve("missing.jsonl"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "gsm8k, gsm8k",
        "aqua, AQuA",
        "addsub, AddSub",
        "multiarith, MultiArith",
        "singleeq, SingleEq",
        "svamp, SVAMP",
        "boolq, boolq",
        "piqa, piqa",
        "obqa, openbookqa",
        "arc-e, ARC-Easy",
        "arc-c, ARC-Challenge",
        "siqa, social_i_qa",
        "winogrande, winogrande",
    })
    void publishedSetsAreAsked(String task, String folder) {
        Path model = Published.file("models/stories260K-hf");
        Path data = Published.file("tasks/llm-adapters/" + folder + "/test.json");
        Ran ran = Ran.of("eval", "--model", model, "--task", task, "--data", data, "--limit", 2);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out().lines().toList()).hasSize(2);
        assertThat(ran.out()).startsWith(task).containsPattern("base +2 +[012] ");
    }
}
