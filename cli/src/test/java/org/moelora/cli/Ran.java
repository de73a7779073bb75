package org.moelora.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** One run of the command in this process: its exit code, and what it wrote. */
record Ran(int code, String out, String err) {
    /** The parity vectors of the library's tests, read in place. */
    static final Path VECTORS = Path.of("../moelora/src/test/resources/vectors");

    static final Path LLAMA = VECTORS.resolve("llama");
    static final Path LLAMA_ROWS = VECTORS.resolve("llama.batches.jsonl");

    /** The bundled model, which has a tokenizer. */
    static final Path TINY = Path.of("../test-models/tiny");

    static Ran of(Object... args) {
        return withInput("", args);
    }

    static Ran withInput(String input, Object... args) {
        return run(input, false, 0, args);
    }

    static Ran onTerminal(Object... args) {
        return run("", true, 0, args);
    }

    /** As on a terminal, or where COLUMNS is set, of that width. */
    static Ran inColumns(int columns, Object... args) {
        return run("", false, columns, args);
    }

    private static Ran run(String input, boolean terminal, int columns, Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Streams streams = new Streams(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                terminal,
                () -> columns);
        int code = Main.run(streams, Stream.of(args).map(Object::toString).toArray(String[]::new));
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A copy of a folder's files that a test may damage. */
    static Path copy(Path folder, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    /** Everything below a folder. */
    static List<Path> tree(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.sorted().toList();
        }
    }
}
