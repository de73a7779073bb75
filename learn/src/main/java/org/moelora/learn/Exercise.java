package org.moelora.learn;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs a student's file, {@code learn/exercises/ExerciseNN.java}, in a JVM of its own, which compiles it first. */
final class Exercise {
    private Exercise() {}

    /** Prints "green", or what is wrong and in which line; returns the exit code. */
    static int check(int number, PrintWriter out) {
        Path file = Learn.home().resolve("learn/exercises/Exercise%02d.java".formatted(number));
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException(file + " cannot be read; expected the exercise there");
        }
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder command = new ProcessBuilder(
                java,
                "-Dstdout.encoding=UTF-8",
                "-Dstderr.encoding=UTF-8",
                "-cp",
                System.getProperty("java.class.path"),
                file.toString());
        try {
            Process process = command.redirectErrorStream(true).start();
            try (InputStream said = process.getInputStream()) {
                List<String> lines = new String(said.readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
                lines.stream()
                        .filter(line ->
                                !line.startsWith("\tat ") || line.contains("Exercise%02d.java".formatted(number)))
                        .map(line -> line.replaceFirst(
                                "^Exception in thread \"main\" [\\w.]+(Exception|Error):? ?", "red: "))
                        .forEach(line -> out.print(line + "\n"));
            }
            return process.waitFor() == 0 ? 0 : 1;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the check was interrupted", e);
        }
    }
}
