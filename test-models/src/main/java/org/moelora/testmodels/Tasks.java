package org.moelora.testmodels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes the eleven tasks: {@code <dir>/<task>/{train,test}.jsonl} and {@code <dir>/tasks.json}. */
final class Tasks {
    static final long SEED = 2402_12851;
    static final int TRAINING_ROWS = 640;
    static final int HELD_OUT_ROWS = 200;

    /** How a task is answered. */
    enum Kind {
        NUMBER,
        CHOICE
    }

    /**
     * A task.
     *
     * @param name as the paper calls the data set that it mirrors
     * @param kind how it is answered
     * @param options how many answers there are to choose from; 0 where the answer is a number
     * @param about one line for a reader
     */
    record Task(String name, Kind kind, int options, String about) {}

    static final List<Task> ALL = List.of(
            new Task("addsub", Kind.NUMBER, 0, "one addition or subtraction, told as a story"),
            new Task("singleeq", Kind.NUMBER, 0, "one of the four operations, told as a story"),
            new Task("multiarith", Kind.NUMBER, 0, "two additions or subtractions in a row"),
            new Task("svamp", Kind.NUMBER, 0, "one addition or subtraction beside a number that does not matter"),
            new Task("gsm8k", Kind.NUMBER, 0, "a product, then an addition or subtraction"),
            new Task("aqua", Kind.CHOICE, 5, "one of the four operations with five numbers to choose from"),
            new Task("boolq", Kind.CHOICE, 2, "does it follow from what a thing is, yes or no"),
            new Task("piqa", Kind.CHOICE, 2, "which of two purposes a thing serves, or does not serve"),
            new Task("obqa", Kind.CHOICE, 4, "which of four materials, kinds or colours a thing has"),
            new Task("arc-e", Kind.CHOICE, 4, "in which of four places a thing is found"),
            new Task("arc-c", Kind.CHOICE, 4, "which of four words, all true of a thing, answers what is asked"));

    private final WordProblems problems = new WordProblems();
    private final CommonSense commonSense = new CommonSense(World.load());

    /** The rows of one side of one task; the same for the same arguments, whatever else was drawn before. */
    List<Row> rows(Task task, boolean heldOut) {
        Dice dice = new Dice(SEED, 0, task.name() + (heldOut ? "/test" : "/train"));
        int count = heldOut ? HELD_OUT_ROWS : TRAINING_ROWS;
        return task.options() == 0 || task.name().equals("aqua")
                ? problems.rows(task.name(), heldOut, count, dice)
                : commonSense.rows(task.name(), heldOut, count, dice);
    }

    /** What a guess is worth: one of the options, or the most frequent answer of the training rows. */
    double chance(Task task) {
        if (task.options() > 0) {
            return 1.0 / task.options();
        }
        return mostFrequent(rows(task, false));
    }

    /** The share of the most frequent answer. */
    static double mostFrequent(List<Row> rows) {
        var counts = new HashMap<String, Integer>();
        rows.forEach(row -> counts.merge(row.answer(), 1, Integer::sum));
        return counts.values().stream().mapToInt(Integer::intValue).max().orElseThrow() / (double) rows.size();
    }

    void write(Path directory) {
        try {
            for (Task task : ALL) {
                Path folder = Files.createDirectories(directory.resolve(task.name()));
                Files.writeString(folder.resolve("train.jsonl"), lines(rows(task, false)));
                Files.writeString(folder.resolve("test.jsonl"), lines(rows(task, true)));
            }
            Files.writeString(directory.resolve("tasks.json"), index());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String index() {
        return ALL.stream()
                .map(task -> "  {\"name\": \"%s\", \"kind\": \"%s\", \"chance\": %.4f, \"description\": \"%s\"}"
                        .formatted(
                                task.name(), task.kind().name().toLowerCase(Locale.ROOT), chance(task), task.about()))
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }

    static String lines(List<Row> rows) {
        return rows.stream().map(row -> row.json() + "\n").collect(Collectors.joining());
    }

    /** {@code Tasks DIR}: writes the tasks below DIR. */
    public static void main(String[] args) {
        if (args.length != 1) {
            System.err.println("Usage: Tasks DIR");
            System.exit(2);
        }
        new Tasks().write(Path.of(args[0]));
    }
}
