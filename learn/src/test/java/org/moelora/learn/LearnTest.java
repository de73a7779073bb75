package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the lessons print is what a student is told to expect. */
class LearnTest {
    private static final Pattern QUESTION = Pattern.compile("\n {2}bin/moelora learn (\\d+) (\\w+=\\S+)\n");

    private static final Map<Integer, Said> USUAL = new ConcurrentHashMap<>();

    private record Said(int code, String out, String err) {}

    private static Said run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        ToolProvider lessons = ToolProvider.findFirst("moelora-learn").orElseThrow();
        int code = lessons.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Said(code, out.toString(), err.toString());
    }

    /** Without changes; each lesson is run once. */
    private static Said usual(int lesson) {
        return USUAL.computeIfAbsent(lesson, number -> run(String.valueOf(number)));
    }

    static List<Integer> lessons() {
        return List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    }

    /** Lines that are different on each machine say so, and only that is compared of them. */
    @ParameterizedTest
    @MethodSource("lessons")
    void printsWhatIsExpected(int lesson) throws IOException {
        Said said = usual(lesson);
        assertThat(said.code()).isZero();
        assertThat(said.err()).isEmpty();
        Path expected = Path.of("expected/lesson-%02d.txt".formatted(lesson));
        assertThat(said.out().replaceAll("(?m)^(" + Page.MEASURED + ").*$", "$1"))
                .isEqualTo(Files.readString(expected).replaceAll("(?m)^(" + Page.MEASURED + ").*$", "$1"));
        assertThat(said.out().lines()).allMatch(line -> line.length() <= 120);
        assertThat(said.out()).contains("Exercise%02d.java".formatted(lesson), "--check");
    }

    /** A question names a number of its own lesson that makes a difference. */
    @ParameterizedTest
    @MethodSource("lessons")
    void asksAQuestionThatCanBeMeasured(int lesson) {
        String usual = usual(lesson).out();
        Matcher question = QUESTION.matcher(usual);
        assertThat(question.find()).isTrue();
        assertThat(question.group(1)).isEqualTo(String.valueOf(lesson));
        Said changed = run(question.group(1), question.group(2));
        assertThat(changed.err()).isEmpty();
        assertThat(changed.code()).isZero();
        assertThat(changed.out()).isNotEqualTo(usual);
    }

    @Test
    void tableOfContentsNamesEachLessonAndSoDoesThePage() throws IOException {
        String page = Files.readString(Path.of("README.md"));
        String contents = run().out();
        for (int lesson : lessons()) {
            String title = usual(lesson).out().lines().findFirst().orElseThrow();
            String name = title.substring(title.indexOf(':') + 2);
            assertThat(contents).contains("%4d  %s%n".formatted(lesson, name));
            assertThat(page).contains("| %d | %s |".formatted(lesson, name));
        }
    }

    @Test
    void refusesWhatMeansNothing() {
        assertThat(run("13")).isEqualTo(new Said(2, "", "moelora: \"13\" is no lesson; expected 1 to 12\n"));
        assertThat(run("two").err()).isEqualTo("moelora: \"two\" is no lesson; expected 1 to 12\n");
        assertThat(run("4", "h").err())
                .isEqualTo(
                        "moelora: \"h\" is no change of a lesson; expected --check, or a name and a number such as rate=0.1\n");
        assertThat(run("4", "h=small").code()).isEqualTo(2);
        assertThat(run("4", "h=1").err()).isEqualTo("moelora: lesson 4 has no number h; expected one of x, sides\n");
    }
}
