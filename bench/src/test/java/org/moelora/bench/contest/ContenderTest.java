package org.moelora.bench.contest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContenderTest {
    @TempDir
    private Path folder;

    /** A contender that prints where answers go, fails when asked to, and leaves when asked to. */
    static final class Chatterer implements Performer {
        public static void main(String[] args) {
            if (args.length > 0) {
                Performer.serve(() -> {
                    throw new IllegalStateException("no such library;\ninstall it: 100 %");
                });
                return;
            }
            Performer.serve(Chatterer::new);
        }

        @Override
        public Answer perform(String[] words) {
            System.out.println("chatter of a library");
            return switch (words[0]) {
                case "about" -> Answer.of("version", "1.0 = \"new\"");
                case "add" -> Answer.of("sum", Integer.parseInt(words[1]) + Integer.parseInt(words[2]));
                case "setting" -> Answer.of("is", String.valueOf(System.getenv("OPENBLAS_NUM_THREADS")));
                case "leave" -> {
                    System.err.println("about to leave");
                    System.exit(3);
                    yield Answer.of();
                }
                default -> throw new IllegalArgumentException("there is no request " + words[0]);
            };
        }
    }

    private Contender start(String... arguments) {
        return Contender.start(
                "chatterer", Contender.java(32, Chatterer.class, arguments), Map.of(), folder.resolve("log"));
    }

    @Test
    void answersWhatItIsAskedWhateverElseIsPrinted() {
        try (Contender contender = start()) {
            assertThat(contender.about().get("version")).isEqualTo("1.0 = \"new\"");
            assertThat(contender.ask("add 2 40").number("sum")).isEqualTo(42);
            assertThatExceptionOfType(ContenderException.class)
                    .isThrownBy(() -> contender.ask("dance"))
                    .withMessage("chatterer: there is no request dance");
            assertThat(contender.ask("add 1 1").number("sum")).isEqualTo(2);
            if (Files.exists(Path.of("/proc/self/status"))) {
                assertThat(contender.peakBytes()).isBetween(1e6, 1e9);
            }
            assertThatExceptionOfType(ContenderException.class)
                    .isThrownBy(() -> contender.ask("leave"))
                    .withMessageContaining("chatterer ended, saying \"about to leave\"");
        }
    }

    @Test
    void oneThatCannotWorkSaysWhy() {
        assertThatExceptionOfType(ContenderException.class)
                .isThrownBy(() -> start("missing").close())
                .withMessage("chatterer: no such library;\ninstall it: 100 %");
    }

    @Test
    void aProgramThatIsNotThereDoesNotStart() {
        assertThatExceptionOfType(ContenderException.class)
                .isThrownBy(() -> Contender.start(
                                "ghost",
                                List.of(folder.resolve("no-program").toString()),
                                Map.of(),
                                folder.resolve("log"))
                        .close())
                .withMessageStartingWith("ghost does not start");
    }

    @Test
    void settingsOfLibrariesAreTheBenchmarksAlone() {
        Map<String, String> environment = new HashMap<>(Map.of(
                "OPENBLAS_CORETYPE", "Haswell", "OMP_NUM_THREADS", "1", "JAVA_TOOL_OPTIONS", "-Xint", "PATH", "/bin"));
        Surroundings.clean(environment);
        assertThat(environment).containsOnlyKeys("PATH");
        try (Contender contender = Contender.start(
                "chatterer",
                Contender.java(32, Chatterer.class),
                Map.of("OPENBLAS_NUM_THREADS", "2"),
                folder.resolve("log"))) {
            assertThat(contender.ask("setting").get("is")).isEqualTo("2");
        }
    }

    @Test
    void answersKeepEveryCharacter() {
        Answer answer = Answer.of("why", "a=b & c\nd \u00fc %20", "number", 0.1);
        assertThat(answer.line()).doesNotContain("\n");
        assertThat(Answer.parse(answer.line())).isEqualTo(answer);
        assertThat(Stream.of("", "bench ok a=1", "  @bench ok").map(Answer::parse))
                .containsOnlyNulls();
    }
}
