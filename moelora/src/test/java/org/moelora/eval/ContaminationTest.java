package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.JsonWriter;
import org.moelora.testing.Published;
import org.moelora.text.Templates;

class ContaminationTest {
    private static final String ASKED = "Tom has 3.5 apples, and eats 2. How many are left?";

    @TempDir
    private Path temp;

    private List<Question> questions() throws IOException {
        Path file = Files.writeString(temp.resolve("test.jsonl"), """
                {"instruction":"Tom has 3.5 apples, and eats 2. How many are left?","answer":1.5}
                {"instruction":"Ann has 4 pears, and eats 2. How many are left?","answer":2}
                """);
        return Question.read(file, Task.named("addsub"));
    }

    private Path training(String name, String... lines) throws IOException {
        return Files.write(temp.resolve(name), List.of(lines));
    }

    @ParameterizedTest
    @ValueSource(strings = {"""
                {"instruction":"Tom has 3.5 apples, and eats 2. How many are left?","output":"1.5"}""", """
                {"instruction":"  TOM has 3.5 apples and eats 2 .  How many are left ","input":"","output":""}""", """
                {"instruction":"Tom has 3.5 apples, and eats 2.","input":"How many are left?","output":"1.5"}""", """
                {"prompt":"Tom has 3.5 apples, and eats 2. How many are left?","completion":" 1.5"}""", """
                {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Tom has 3.5 apples, and eats 2. How many are left?"},{"role":"assistant","content":"1.5"}]}"""})
    void findsTheQuestionInEveryFormOfData(String row) throws IOException {
        List<Question> questions = questions();
        Path file = training("train.jsonl", "{\"instruction\":\"Another\",\"output\":\"x\"}", row);
        Contamination found = Contamination.of(questions, List.of(file));
        assertThat(found.hits()).hasSize(1);
        assertThat(found.hits().getFirst().question()).isEqualTo(questions.getFirst());
        assertThat(found.hits().getFirst().file()).isEqualTo(file);
        assertThat(found.hits().getFirst().where()).endsWith("train.jsonl line 2");
        assertThat(found.clean(questions)).containsExactly(questions.get(1));
    }

    @Test
    void findsTheQuestionInsideItsTemplates() throws IOException {
        for (String prompt : List.of(
                Templates.alpaca(ASKED, null),
                Templates.alpaca("Tom has 3.5 apples, and eats 2.", "How many are left?"),
                Templates.llmAdapters(ASKED, null))) {
            Path file = training("train.jsonl", JsonWriter.line(Map.of("prompt", prompt, "completion", "1.5")));
            assertThat(Contamination.of(questions(), List.of(file)).hits()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Tom has 35 apples, and eats 2. How many are left?",
                "Tom has 3.5 apples, and eats 3. How many are left?",
                "Tom has 3.5 apples, and eats 2. How many are left over?"
            })
    void anotherQuestionIsNone(String asked) throws IOException {
        Path file = training("train.jsonl", JsonWriter.line(Map.of("instruction", asked, "output", "1")));
        assertThat(Contamination.of(questions(), List.of(file)).hits()).isEmpty();
    }

    @Test
    void theFirstOfSeveralFilesCounts() throws IOException {
        String row = JsonWriter.line(Map.of("instruction", ASKED, "output", "1.5"));
        Path first = training("a.jsonl", row, row);
        Path second = training("b.jsonl", row);
        Contamination found = Contamination.of(questions(), List.of(first, second));
        assertThat(found.hits()).hasSize(1);
        assertThat(found.hits().getFirst().where()).endsWith("a.jsonl line 1");
    }

    @Test
    void dataWithoutQuestionsIsRefused() throws IOException {
        Path file = training("train.jsonl", "{\"text\":\"" + ASKED + "\"}");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Contamination.of(questions(), List.of(file)))
                .withMessageContaining("train.jsonl line 1: what the row asks is not known; expected");
    }

    /** Counted by another program over the same files. */
    @ParameterizedTest
    @CsvSource({"ARC-Easy, arc-e, 2, 243, 1088", "boolq, boolq, 6, 494, 6961"})
    void publishedSetsOverlapALittle(String folder, String task, int rows, int row, int trainingRow) {
        Path files = Published.file("tasks/llm-adapters/" + folder);
        List<Question> questions = Question.read(files.resolve("test.json"), Task.named(task));
        Contamination found = Contamination.of(questions, List.of(files.resolve("train.json")));
        assertThat(found.hits()).hasSize(rows);
        assertThat(found.hits().getFirst().question().origin().where()).endsWith("test.json row " + row);
        assertThat(found.hits().getFirst().where()).endsWith("train.json row " + trainingRow);
    }
}
