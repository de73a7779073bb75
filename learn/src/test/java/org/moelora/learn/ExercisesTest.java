package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each exercise begins red and has a solution. */
class ExercisesTest {
    @TempDir
    private Path temp;

    private void compile(String folder) throws IOException {
        List<String> command = new ArrayList<>(
                List.of("-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"), "-d", temp.toString()));
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            files.map(Path::toString)
                    .filter(file -> file.endsWith(".java"))
                    .sorted()
                    .forEach(command::add);
        }
        assertThat(command).filteredOn(word -> word.endsWith(".java")).hasSize(12);
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, command.toArray(String[]::new)))
                .isZero();
    }

    private interface Each {
        void accept(Class<?> exercise) throws Exception;
    }

    private void each(Each check) throws Exception {
        try (URLClassLoader loader =
                new URLClassLoader(new java.net.URL[] {temp.toUri().toURL()})) {
            for (int lesson : LearnTest.lessons()) {
                check.accept(loader.loadClass("Exercise%02d".formatted(lesson)));
            }
        }
    }

    private static void main(Class<?> exercise) throws Exception {
        exercise.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    }

    @Test
    void beginRed() throws Exception {
        compile("exercises");
        each(exercise -> assertThatThrownBy(() -> main(exercise))
                .as(exercise.getName())
                .hasCauseInstanceOf(Throwable.class)
                .cause()
                .isInstanceOfAny(UnsupportedOperationException.class, AssertionError.class));
    }

    @Test
    void solutionsAreGreen() throws Exception {
        compile("solutions");
        each(ExercisesTest::main);
    }

    /** As a student runs one: in a JVM of its own, which compiles the file. */
    @Test
    void redSaysWhatAndWhere() {
        StringWriter out = new StringWriter();
        int code = new Learn().run(new PrintWriter(out), new PrintWriter(out), "3", "--check");
        assertThat(code).isEqualTo(1);
        assertThat(out.toString().lines()).first().isEqualTo("red: softmax is still to be written");
        assertThat(out.toString()).contains("Exercise03.softmax(Exercise03.java:");
    }
}
