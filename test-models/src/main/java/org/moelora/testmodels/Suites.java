package org.moelora.testmodels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes two suites: {@code conflict/<task>/{train,test}.jsonl} with {@code conflict/tasks.json}, and {@code
 * arrivals/arrivals.json}, which names files of both the eleven tasks and of {@code conflict} in the order in which they come.
 */
final class Suites {

    /**
     * Tasks that come together.
     *
     * @param name of the group
     * @param folders of its tasks, as seen from test-models
     */
    record Arrival(String name, List<String> folders) {}

    static final List<Arrival> ARRIVALS = List.of(
            new Arrival("choices", eleven("boolq", "piqa", "obqa", "arc-e", "arc-c")),
            new Arrival("sums", eleven("addsub", "singleeq", "multiarith", "svamp", "gsm8k", "aqua")),
            new Arrival("counts", of(Conflict.Surface.COUNTS)),
            new Arrival("things", of(Conflict.Surface.THINGS)));

    private final Conflict conflict = new Conflict();

    private static List<String> eleven(String... tasks) {
        return Stream.of(tasks).map(task -> "tasks/" + task).toList();
    }

    private static List<String> of(Conflict.Surface surface) {
        return Conflict.ALL.stream()
                .filter(task -> task.surface() == surface)
                .map(task -> "suites/conflict/" + task.name())
                .toList();
    }

    void write(Path directory) {
        try {
            Path tasks = Files.createDirectories(directory.resolve("conflict"));
            for (Conflict.Task task : Conflict.ALL) {
                Path folder = Files.createDirectories(tasks.resolve(task.name()));
                Files.writeString(folder.resolve("train.jsonl"), Tasks.lines(conflict.rows(task, false)));
                Files.writeString(folder.resolve("test.jsonl"), Tasks.lines(conflict.rows(task, true)));
            }
            Files.writeString(tasks.resolve("tasks.json"), index());
            Path arrivals = Files.createDirectories(directory.resolve("arrivals"));
            Files.writeString(arrivals.resolve("arrivals.json"), order());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String index() {
        return Conflict.ALL.stream()
                .map(task ->
                        "  {\"name\": \"%s\", \"text\": \"%s\", \"named\": %s, \"chance\": %.4f, \"description\": \"%s\"}"
                                .formatted(
                                        task.name(),
                                        task.surface().name().toLowerCase(Locale.ROOT),
                                        task.named(),
                                        chance(task),
                                        task.about()))
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }

    private double chance(Conflict.Task task) {
        return task.options() > 0 ? 1.0 / task.options() : Tasks.mostFrequent(conflict.rows(task, false));
    }

    private static String order() {
        return ARRIVALS.stream()
                .map(arrival -> "  {\"name\": \"%s\",\n   \"train\": [%s],\n   \"test\": [%s]}"
                        .formatted(arrival.name(), files(arrival, "train.jsonl"), files(arrival, "test.jsonl")))
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }

    private static String files(Arrival arrival, String file) {
        return arrival.folders().stream()
                .map(folder -> Row.quoted(folder + "/" + file))
                .collect(Collectors.joining(", "));
    }

    /** {@code Suites DIR}: writes the suites below DIR. */
    public static void main(String[] args) {
        if (args.length != 1) {
            System.err.println("Usage: Suites DIR");
            System.exit(2);
        }
        new Suites().write(Path.of(args[0]));
    }
}
