package org.moelora.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Origin;
import org.moelora.data.RowFields;
import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;

/**
 * A row of a task's test set. Immutable.
 *
 * @param origin where it comes from
 * @param instruction what is asked
 * @param input what it is asked about, or null
 * @param gold the right answer
 */
public record Question(
        Origin origin, String instruction, @Nullable String input, String gold) {
    /**
     * Reads the rows of a file, JSON Lines or one JSON array: {@code instruction}, maybe {@code input}, {@code answer} (text or number), maybe
     * {@code task}, for adapters with gates by task. {@code output} does not count: in LLM-Adapters' math sets it is a model's rationale, and may be wrong.
     *
     * @throws InputException naming the row, if it lacks a field, or its answer is none of the task's
     */
    public static List<Question> read(Path file, Task task) {
        return read(List.of(file), task);
    }

    /**
     * Reads the rows of files, one after the other, as {@link #read(Path, Task)} does.
     *
     * @throws InputException naming the file or row, if a file has no rows, or a row lacks a field, or its answer is none of the task's
     */
    public static List<Question> read(List<Path> files, Task task) {
        List<Question> questions = new ArrayList<>();
        for (Path file : files) {
            int before = questions.size();
            JsonRows.read(file, row -> questions.add(question(row, questions.size(), task)));
            if (questions.size() == before) {
                throw new InputException(
                        file + ": there are no rows; expected at least one, with the fields instruction and answer");
            }
        }
        return questions;
    }

    private static Question question(JsonObject row, int number, Task task) {
        RowFields.checkPlain(row);
        String instruction = row.string("instruction");
        if (instruction.isBlank()) {
            throw row.error("instruction", "a question");
        }
        String gold = row.get("answer") instanceof Number value
                ? value.toString()
                : row.string("answer").strip();
        if (!task.rule().accepts(gold)) {
            throw row.error("answer", task.rule().expected() + ", as the answers of the task " + task.name() + " are");
        }
        return new Question(
                new Origin(row.source(), number, row.stringOrNull("task")),
                instruction,
                row.stringOrNull("input"),
                gold);
    }
}
