package org.moelora.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Origin;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.JsonWriter;
import picocli.CommandLine.Option;

/** The flags of {@code eval} that show and keep answers one by one. */
@Under(Section.OUTPUT)
final class AnswerFlags {
    @Option(
            names = "--show",
            paramLabel = "N",
            description = "Show the first N rows too: prompt, expected answer, answer, and whether it is right.")
    private @Nullable Integer show;

    @Option(
            names = "--answers",
            paramLabel = "FILE",
            description =
                    "Write all answers to this new file, in JSON Lines: row, where, task, prompt, expected, answer, right.")
    private @Nullable Path file;

    /**
     * An answer.
     *
     * @param model which view gave it; null if there is only one
     */
    record Given(Origin origin, @Nullable String model, String prompt, String expected, String answer, boolean right) {}

    /**
     * Refuses what cannot be, before anything is computed.
     *
     * @param json whether the results are one JSON object
     */
    void check(boolean json) {
        if (show != null && show < 1) {
            throw new InputException("--show is " + show + "; expected at least 1");
        }
        if (show != null && json) {
            throw new InputException(
                    "--show and --json are both given; expected --answers FILE with --json, or --show alone");
        }
        if (file == null) {
            return;
        }
        Path folder = file.toAbsolutePath().getParent();
        if (Files.exists(file)) {
            throw new InputException("--answers: " + file + " exists; expected the name of a new file");
        }
        if (folder == null || !Files.isDirectory(folder)) {
            throw new InputException("--answers: " + file + " is in no folder that exists; expected one that does");
        }
    }

    /** Whether answers are asked for. */
    boolean wanted() {
        return show != null || file != null;
    }

    /** Shows and writes what is asked for, of one view after the other. */
    void report(Streams streams, List<Given> answers) {
        if (show != null) {
            int most = show;
            answers.stream().filter(answer -> answer.origin().row() < most).forEach(answer -> print(streams, answer));
        }
        if (file != null) {
            StringBuilder lines = new StringBuilder();
            answers.forEach(
                    answer -> lines.append(JsonWriter.line(asJson(answer))).append('\n'));
            AtomicFile.write(file, lines.toString());
        }
    }

    private static void print(Streams streams, Given answer) {
        String task = answer.origin().task();
        streams.out()
                .println(answer.origin().where()
                        + (task == null ? "" : " (" + task + ")")
                        + (answer.model() == null ? "" : ", " + answer.model())
                        + (answer.right() ? ": right" : ": wrong"));
        Facts facts = new Facts(streams, 2, 8);
        facts.print("prompt", answer.prompt());
        facts.print("expected", answer.expected());
        facts.print("answer", answer.answer());
        streams.out().println();
    }

    private static Map<String, Object> asJson(Given answer) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("row", answer.origin().row());
        line.put("where", answer.origin().where());
        if (answer.model() != null) {
            line.put("model", answer.model());
        }
        if (answer.origin().task() != null) {
            line.put("task", answer.origin().task());
        }
        line.put("prompt", answer.prompt());
        line.put("expected", answer.expected());
        line.put("answer", answer.answer());
        line.put("right", answer.right());
        return line;
    }
}
