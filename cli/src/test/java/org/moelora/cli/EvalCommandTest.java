package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/** {@code moelora eval} on rows of one's own. */
class EvalCommandTest {
    private static final String ONE =
            "{\"prompt\":\"Is a cat alive? Answer:\",\"completion\":\" yes\",\"task\":\"life\"}\n";
    private static final String OTHER = "{\"prompt\":\"Is a violin alive? Answer:\",\"completion\":\" no\"}\n";

    @TempDir
    private Path temp;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(temp.resolve(name), text);
    }

    private static Ran eval(Object... more) {
        List<Object> args = new ArrayList<>(List.of("eval", "--model", Ran.TINY));
        args.addAll(List.of(more));
        return Ran.of(args.toArray());
    }

    private static JsonObject json(String text) {
        return Json.parse(text.getBytes(StandardCharsets.UTF_8), "output");
    }

    @Test
    void severalFilesAreOneSetOfRows() throws IOException {
        Path a = file("a.jsonl", ONE);
        Path b = file("b.jsonl", OTHER);
        for (String command : List.of("eval", "score")) {
            Ran ran = Ran.of(command, "--model", Ran.TINY, "--data", a, b, "--json");
            assertThat(ran.code()).as(ran.err()).isZero();
            assertThat(json(ran.out()).integer("rows")).isEqualTo(2);
            assertThat(Ran.of(command, "--model", Ran.TINY, "--data", a, "--data", b, "--json")
                            .out())
                    .isEqualTo(ran.out());
        }
    }

    /** What {@code --choices} chooses is what {@code score} finds the more probable of two rows without their end. */
    @Test
    void theMostProbableChoiceIsTheAnswer() throws IOException {
        Path data = file("rows.jsonl", ONE + OTHER);
        Path answers = temp.resolve("answers.jsonl");
        Ran ran = eval("--data", data, "--choices", "yes,no", "--answers", answers, "--json");
        assertThat(ran.code()).as(ran.err()).isZero();
        List<JsonObject> lines =
                Files.readAllLines(answers).stream().map(EvalCommandTest::json).toList();
        assertThat(lines).hasSize(2);
        String[] questions = {"Is a cat alive? Answer:", "Is a violin alive? Answer:"};
        for (int i = 0; i < 2; i++) {
            double yes = firstLogProbability(questions[i], " yes");
            double no = firstLogProbability(questions[i], " no");
            assertThat(lines.get(i).string("answer")).isEqualTo(yes >= no ? "yes" : "no");
            assertThat(lines.get(i).flag("right"))
                    .isEqualTo(lines.get(i).string("answer").equals(lines.get(i).string("expected")));
        }
        assertThat(lines.getFirst().string("task")).isEqualTo("life");
        assertThat(lines.getLast().integer("row")).isEqualTo(1);
        assertThat(lines.getLast().string("where")).endsWith("rows.jsonl line 2");
        assertThat(lines.getLast().string("prompt")).contains("Is a violin alive? Answer:");
    }

    /** The sum over the answer's tokens, the end of the text left out. */
    private double firstLogProbability(String question, String answer) throws IOException {
        Path row = file("row.jsonl", "{\"prompt\":\"" + question + "\",\"completion\":\"" + answer + "\"}\n");
        JsonObject scored = json(Ran.of("score", "--model", Ran.TINY, "--data", row, "--per-token", "--json")
                .out());
        double sum = 0;
        for (int i = 0; i < scored.array("logprobs").size() - 1; i++) {
            sum += ((Number) scored.array("logprobs").get(i)).doubleValue();
        }
        return sum;
    }

    @Test
    void rowsAreShownWithTheirAnswers() throws IOException {
        Path data = file("rows.jsonl", ONE + OTHER);
        Ran ran = eval("--data", data, "--show", 1);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out())
                .containsPattern("rows.jsonl line 1 \\(life\\): (right|wrong)\n")
                .contains("  prompt   ", "Is a cat alive? Answer:", "  expected yes\n", "  answer   ")
                .doesNotContain("violin")
                .containsPattern("all +2 ");
        assertThat(ran.out()).endsWith(eval("--data", data).out());
    }

    @Test
    void whatCannotBeIsRefusedFirst() throws IOException {
        Path data = file("rows.jsonl", ONE);
        refused(data + " exists; expected the name of a new file", "--data", data, "--answers", data);
        refused("expected one that does", "--data", data, "--answers", temp.resolve("none/a.jsonl"));
        refused("--show is 0; expected at least 1", "--data", data, "--show", 0);
        refused("--choices is \"yes\"; expected two different answers", "--data", data, "--choices", "yes");
        refused(
                "line 1: the answer is \"yes\"; expected one of --choices good, bad",
                "--data",
                data,
                "--choices",
                "good,bad");
        refused("--task and --choices", "--data", data, "--choices", "a,b", "--task", "boolq");
        assertThat(data).hasContent(ONE.strip());
    }

    private static void refused(String sentence, Object... more) {
        Ran ran = eval(more);
        assertThat(ran.code()).isEqualTo(Main.MISTAKE);
        assertThat(ran.err()).hasLineCount(1).startsWith("moelora: ").contains(sentence);
    }
}
