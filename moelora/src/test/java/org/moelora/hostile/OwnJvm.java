package org.moelora.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs a class of the tests in a JVM of its own: one with little heap, or one that may crash. */
public final class OwnJvm {
    private OwnJvm() {}

    /**
     * What the class's {@code main} prints.
     *
     * @param log where the output is kept while it runs
     * @param flags of the JVM
     */
    public static List<String> run(Path log, List<String> flags, Class<?> main, Object... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-Dmoelora.leaks=throw", "-cp"));
        command.add(
                Stream.of(home(main), System.getProperty("jdk.module.path", ""), System.getProperty("java.class.path"))
                        .filter(path -> !path.isEmpty())
                        .collect(Collectors.joining(File.pathSeparator)));
        command.add(main.getName());
        for (Object arg : args) {
            command.add(arg.toString());
        }
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            int code = process.waitFor();
            List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
            assertThat(code)
                    .as("exit code of %s%n%s", main, String.join("\n", lines))
                    .isZero();
            return lines;
        } finally {
            process.destroyForcibly();
        }
    }

    /** The folder or jar that a class was loaded from; a module's tests are in another one than the module. */
    private static String home(Class<?> type) {
        String name = type.getName().replace('.', '/') + ".class";
        String found = String.valueOf(type.getResource("/" + name));
        String home = found.substring(0, found.length() - name.length())
                .replaceFirst("^jar:", "")
                .replaceFirst("!/$", "");
        return Path.of(URI.create(home)).toString();
    }
}
