package org.moelora.bench.gemm;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A JVM of its own for each {@link Trial}, so that nothing compiled for one step serves another. It sleeps between its rounds. */
final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final Writer in;
    private final Path errors;

    /** What it said when it was ready: of a step the rows it multiplies, of the peak the bits of a vector. */
    final int ready;

    Child(String what, Size size, int threads) {
        try {
            errors = Files.createTempFile("gemm-steps", ".log");
            process = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--add-modules=jdk.incubator.vector",
                            "--enable-native-access=ALL-UNNAMED",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Trial.class.getName(),
                            what,
                            "" + size.m(),
                            "" + size.n(),
                            "" + size.k(),
                            "" + threads))
                    .redirectError(errors.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out = process.inputReader(StandardCharsets.UTF_8);
        in = process.outputWriter(StandardCharsets.UTF_8);
        ready = Integer.parseInt(line());
    }

    /** One round: {@code [GFLOP/s, bytes allocated by a product]}. */
    double[] measure() {
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
