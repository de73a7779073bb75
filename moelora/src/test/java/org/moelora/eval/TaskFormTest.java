package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.data.Example;
import org.moelora.data.Examples;
import org.moelora.io.JsonRows;
import org.moelora.io.JsonWriter;

/** Task sets in the form of LLM-Adapters, made up: one JSON array, choices named in the instruction, and outputs of which some are wrong. */
class TaskFormTest {
    private static final int ROWS = 40;

    @TempDir
    private Path temp;

    /** Every third output is wrong, and is the gold answer in none of them. */
    private static boolean isRight(int i) {
        return i % 3 != 0;
    }

    private Path written(String task, int choices) throws IOException {
        Random random = new Random(task.hashCode());
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            Map<String, Object> row = choices == 0 ? sum(random, i) : choice(task, choices, random, i);
            row.put("input", "");
            rows.add(JsonWriter.line(row));
        }
        return Files.writeString(temp.resolve("test.json"), "[" + String.join(",\n", rows) + "]");
    }

    private static Map<String, Object> sum(Random random, int i) {
        int a = random.nextInt(1, 90);
        int b = random.nextInt(1, 90);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("instruction", "Mia has " + a + " stamps and is given " + b + ". How many stamps has she now?");
        row.put(
                "output",
                "\nA: " + a + " + " + b + " is asked for. The answer is " + (a + b + (isRight(i) ? 0 : 1)) + ".");
        row.put("answer", (a + b) + ".0");
        return row;
    }

    private static Map<String, Object> choice(String task, int choices, Random random, int i) {
        int gold = random.nextInt(choices);
        int given = isRight(i) ? gold : (gold + 1) % choices;
        StringBuilder instruction = new StringBuilder("Which one is it, question " + i + "?\n\n");
        List<String> answers = new ArrayList<>();
        for (int c = 0; c < choices; c++) {
            String answer = switch (task) {
                case "aqua" -> String.valueOf((char) ('A' + c));
                case "boolq" -> c == 0 ? "true" : "false";
                case "piqa" -> "solution" + (c + 1);
                case "winogrande" -> "option" + (c + 1);
                case "hellaswag" -> "ending" + (c + 1);
                default -> "answer" + (c + 1);
            };
            answers.add(answer);
            instruction.append(
                    task.equals("aqua")
                            ? "(" + answer + ") " + random.nextInt(100) + " "
                            : Character.toUpperCase(answer.charAt(0)) + answer.substring(1) + ": a thing. ");
        }
        if (!task.equals("aqua")) {
            instruction.append("\n\nAnswer format: ").append(String.join("/", answers));
        }
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("instruction", instruction.toString());
        row.put(
                "output",
                task.equals("aqua")
                        ? "so it follows. The answer is (" + answers.get(given) + ")."
                        : "the correct answer is " + answers.get(given));
        row.put("answer", answers.get(gold));
        return row;
    }

    @ParameterizedTest
    @CsvSource({
        "gsm8k, 0",
        "addsub, 0",
        "multiarith, 0",
        "singleeq, 0",
        "svamp, 0",
        "aqua, 5",
        "boolq, 2",
        "piqa, 2",
        "obqa, 4",
        "arc-e, 4",
        "arc-c, 5",
        "arc-c, 3",
        "siqa, 3",
        "winogrande, 2",
        "hellaswag, 4",
    })
    void rowsAreReadAndAskedAndTheirOutputsScored(String name, int choices) throws IOException {
        Path file = written(name, choices);
        assertThat(Examples.read(file).rows())
                .hasSize(ROWS)
                .allMatch(row -> row instanceof Example.Instruction it
                        && !it.instruction().isBlank());
        Task task = Task.named(name);
        assertThat(Question.read(file, task)).hasSize(ROWS).allSatisfy(question -> {
            List<Task.Choice> offered = task.choices().isEmpty() ? List.of() : task.offered(question.instruction());
            assertThat(offered).hasSize(choices);
            if (choices > 0) {
                assertThat(offered).extracting(Task.Choice::answer).contains(question.gold());
            }
        });
        List<Boolean> right = new ArrayList<>();
        JsonRows.read(
                file,
                row -> right.add(task.rule().agrees(task.rule().extract(row.string("output")), row.string("answer"))));
        for (int i = 0; i < ROWS; i++) {
            assertThat(right.get(i)).as("row %d", i).isEqualTo(isRight(i));
        }
    }
}
