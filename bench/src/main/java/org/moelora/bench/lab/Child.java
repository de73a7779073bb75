package org.moelora.bench.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM of its own for each trial, so that nothing compiled for one step serves another. It sleeps between its rounds. */
public final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final Writer in;
    private final Path errors;

    private final int ready;

    /**
     * @param trial its {@code main} ends in {@link Repeated#answer}
     */
    public Child(Class<?> trial, String... args) {
        try {
            errors = Files.createTempFile("steps", ".log");
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    trial.getName()));
            command.addAll(List.of(args));
            process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out = process.inputReader(StandardCharsets.UTF_8);
        in = process.outputWriter(StandardCharsets.UTF_8);
        ready = Integer.parseInt(line());
    }

    /** The number that the trial said when it was ready. */
    public int ready() {
        return ready;
    }

    /** One round: {@code [GFLOP/s, bytes allocated by a repetition]}. */
    public double[] measure() {
        try {
            in.write("\n");
            in.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String[] parts = line().split(" ", 2);
        return new double[] {Double.parseDouble(parts[0]), Double.parseDouble(parts[1])};
    }

    private String line() {
        try {
            String line = out.readLine();
            if (line == null) {
                throw new IllegalStateException("a measuring JVM ended early: " + Files.readString(errors));
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.waitFor();
            Files.deleteIfExists(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
