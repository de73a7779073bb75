package org.moelora.bench.contest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A program that is measured, in a process of its own: its compiler's profiles are its own, and no library is shared. It idles between requests.
 * Used by one thread.
 */
public final class Contender implements AutoCloseable {
    private static final String ENDED = "ended";

    private final String name;
    private final Process process;
    private final PrintWriter requests;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Path log;
    private final Answer about;

    private Contender(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        this.requests = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("answers of " + name).start(this::listen);
        this.about = answer(120);
    }

    /**
     * Starts a program and waits for its hello.
     *
     * @param environment what is set beside the parent's environment, from which settings of the libraries are taken out
     * @param log takes what the program prints beside its answers
     * @throws ContenderException if it does not start or says that it cannot work
     */
    public static Contender start(String name, List<String> command, Map<String, String> environment, Path log) {
        try {
            Files.createDirectories(log.toAbsolutePath().getParent());
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
            Surroundings.clean(builder.environment());
            builder.environment().putAll(environment);
            Process process = builder.start();
            try {
                return new Contender(name, process, log);
            } catch (ContenderException e) {
                process.destroyForcibly();
                throw e;
            }
        } catch (IOException e) {
            throw new ContenderException(name + " does not start: " + e.getMessage());
        }
    }

    private void listen() {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (Answer.parse(line) != null) {
                    lines.add(line);
                }
            }
        } catch (IOException e) {
            // A process that was killed; what follows says so.
        }
        lines.add(ENDED);
    }

    public String name() {
        return name;
    }

    /** What it said of itself when it started. */
    public Answer about() {
        return about;
    }

    /**
     * Asks for something and waits for the answer.
     *
     * @throws ContenderException if it failed, has ended, or is silent for ten minutes
     */
    public Answer ask(String request) {
        requests.println(request);
        return answer(600);
    }

    private Answer answer(int seconds) {
        String line;
        try {
            line = lines.poll(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ContenderException(name + " was interrupted");
        }
        if (line == null) {
            throw new ContenderException(name + " gave no answer for " + seconds + " seconds; its log is " + log);
        }
        Answer answer = Answer.parse(line);
        if (answer == null) {
            throw new ContenderException(name + " ended" + lastWords());
        }
        if (!answer.ok()) {
            throw new ContenderException(name + ": " + answer.get("why"));
        }
        return answer;
    }

    private String lastWords() {
        try {
            List<String> said = Files.readAllLines(log);
            return said.isEmpty() ? "" : ", saying \"" + said.getLast().strip() + "\" (" + log + ")";
        } catch (IOException e) {
            return "";
        }
    }

    /** Largest resident memory so far, in bytes; NaN where the system does not tell. */
    public double peakBytes() {
        return Surroundings.peakBytes(process.pid());
    }

    @Override
    public void close() {
        requests.println(Performer.END);
        requests.close();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** Command of a Java program on the JDK and the class path of this one, with the launcher's settings. */
    public static List<String> java(int heapMegabytes, Class<?> program, String... arguments) {
        return java(heapMegabytes, program.getName(), arguments);
    }

    /** {@link #java(int, Class, String...)} for a program that may be missing from this build. */
    public static List<String> java(int heapMegabytes, String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMegabytes + "m",
                "-XX:+UseSerialGC",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                program));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Whether a class is part of this build; without the profile {@code peers} those of other libraries are not. */
    public static boolean isBuilt(String program) {
        String path = program.replace('.', '/') + ".class";
        return ClassLoader.getSystemResource(path) != null;
    }
}
