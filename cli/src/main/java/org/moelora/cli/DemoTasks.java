package org.moelora.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.io.JsonRows;

/**
 * The bundled tasks.
 *
 * @param home the folder that has test-models/
 * @param tasks their names, and how often guessing is right
 */
record DemoTasks(Path home, List<Task> tasks) {
    /** One task: its name, and how often guessing is right, 0 to 1. */
    record Task(String name, double chance) {}

    /**
     * Finds them in the folder of the launcher, or in the current folder or one above it.
     *
     * @throws InputException if they are in none of these
     */
    static DemoTasks find() {
        String launcher = System.getProperty("moelora.home");
        for (Path at = Path.of(launcher == null ? "" : launcher).toAbsolutePath();
                at != null;
                at = parent(at, launcher)) {
            Path list = at.resolve("test-models/tasks/tasks.json");
            if (Files.exists(list)) {
                return in(at, list);
            }
        }
        throw new InputException(
                "test-models/tasks is not in " + (launcher == null ? "this folder or one above it" : launcher)
                        + "; expected a checkout or an unpacked distribution of moelora");
    }

    private static @Nullable Path parent(Path at, @Nullable String launcher) {
        return launcher == null ? at.getParent() : null;
    }

    private static DemoTasks in(Path home, Path list) {
        List<Task> tasks = new ArrayList<>();
        JsonRows.read(list, row -> tasks.add(new Task(row.string("name"), row.number("chance"))));
        return new DemoTasks(home, tasks);
    }

    Path model() {
        return home.resolve("test-models/tiny");
    }

    private Examples examples(Task task, String file) {
        return Examples.read(
                home.resolve("test-models/tasks").resolve(task.name()).resolve(file));
    }

    /** Rows to train on, taken from the tasks in turn, of at most so many tokens together. */
    List<TokenRow> trainingRows(ExampleEncoder encoder, long mostTokens) {
        List<List<TokenRow>> byTask = tasks.stream()
                .map(task -> encoder.encodeAll(examples(task, "train.jsonl")).rows())
                .toList();
        int longest = byTask.stream().mapToInt(List::size).max().orElse(0);
        int[] taken = new int[byTask.size()];
        long tokens = 0;
        for (int i = 0; i < longest && tokens <= mostTokens; i++) {
            for (int t = 0; t < taken.length; t++) {
                if (i < byTask.get(t).size()) {
                    tokens += byTask.get(t).get(i).length();
                    if (tokens <= mostTokens) {
                        taken[t]++;
                    }
                }
            }
        }
        List<TokenRow> rows = new ArrayList<>();
        for (int t = 0; t < taken.length; t++) {
            rows.addAll(byTask.get(t).subList(0, taken[t]));
        }
        return rows;
    }

    /** The first held-out rows of every task, as questions. */
    List<Prompt> questions(ExampleEncoder encoder, int mostPerTask) {
        return tasks.stream()
                .flatMap(task -> examples(task, "test.jsonl").rows().stream().limit(mostPerTask))
                .map(encoder::prompt)
                .toList();
    }

    /** The same held-out rows with their answers. */
    List<TokenRow> testRows(ExampleEncoder encoder, int mostPerTask) {
        return tasks.stream()
                .flatMap(task -> examples(task, "test.jsonl").rows().stream().limit(mostPerTask))
                .map(encoder::encode)
                .toList();
    }
}
