package org.moelora.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.spi.ToolProvider;
import org.moelora.engine.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora learn}: starts the lessons, which are a tool of the JVM's by name and no part of this program. */
@Command(
        name = "learn",
        customSynopsis = "moelora learn [LESSON [NAME=NUMBER...] [--picture] [--check]]",
        header = "Learn how all of this works, in twelve lessons with exercises.",
        footer = {
            "",
            "Examples:",
            "  moelora learn",
            "  moelora learn 3",
            "  moelora learn 3 temperature=0.5",
            "  moelora learn 3 --picture",
            "  moelora learn 3 --check",
        })
final class LearnCommand implements Callable<Integer> {
    /** What the lessons are found by. */
    static final String TOOL = "moelora-learn";

    private final Streams streams;
    private final Supplier<Optional<ToolProvider>> lessons;

    @Parameters(
            paramLabel = "LESSON",
            arity = "0..*",
            description =
                    "1 to 12, then numbers of the lesson to change, as NAME=NUMBER. Without a lesson, the list of lessons.")
    private List<String> lesson = new ArrayList<>();

    @Under(Section.ANSWERS)
    @Option(
            names = "--picture",
            description = "Also write the lesson's picture, as lesson-NN.svg in the working directory, for a browser.")
    private boolean picture;

    @Under(Section.ANSWERS)
    @Option(
            names = "--check",
            description = "Check your answer to the lesson's exercise, in learn/exercises/ExerciseNN.java.")
    private boolean check;

    LearnCommand(Streams streams) {
        this(streams, () -> ToolProvider.findFirst(TOOL));
    }

    LearnCommand(Streams streams, Supplier<Optional<ToolProvider>> lessons) {
        this.streams = streams;
        this.lessons = lessons;
    }

    @Override
    public Integer call() {
        ToolProvider tool = lessons.get()
                .orElseThrow(
                        () -> new InputException(
                                "the lessons are not installed; expected moelora-learn.jar on the class path, as bin/moelora has it"));
        List<String> args = new ArrayList<>(lesson);
        if (picture) {
            args.add("--picture");
        }
        if (check) {
            args.add("--check");
        }
        return tool.run(
                new PrintWriter(streams.out(), false, streams.out().charset()),
                new PrintWriter(streams.err(), true, streams.err().charset()),
                args.toArray(String[]::new));
    }
}
