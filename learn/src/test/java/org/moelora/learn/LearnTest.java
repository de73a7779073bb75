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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the lessons print is what a student is told to expect. */
class LearnTest {
    private static final Pattern QUESTION = Pattern.compile("\n {2}bin/moelora learn (\\d+) (\\w+=\\S+)\n");

    private static final Map<Integer, Said> USUAL = new ConcurrentHashMap<>();
    private static final Map<Integer, Said> CHANGED = new ConcurrentHashMap<>();

    @TempDir
    static Path pictures;

    private record Said(int code, String out, String err) {}

    private static Said run(String... args) {
        return run(ToolProvider.findFirst("moelora-learn").orElseThrow(), args);
    }

    private static Said run(ToolProvider lessons, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = lessons.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Said(code, out.toString(), err.toString());
    }

    /** Without changes; each lesson is run once, with its picture. */
    private static Said usual(int lesson) {
        return USUAL.computeIfAbsent(lesson, number -> {
            Said said = run(new Learn(pictures), String.valueOf(number), "--picture");
            assertThat(said.out()).contains("\nPicture: " + picture(number) + "\n");
            return new Said(said.code(), said.out().replaceAll("\nPicture: .*\n", ""), said.err());
        });
    }

    private static Path picture(int lesson) {
        return pictures.resolve("lesson-%02d.svg".formatted(lesson));
    }

    /** With the change that the lesson's question asks for. */
    private static Said changed(int lesson) {
        return CHANGED.computeIfAbsent(lesson, number -> {
            Matcher question = QUESTION.matcher(usual(number).out());
            assertThat(question.find()).isTrue();
            assertThat(question.group(1)).isEqualTo(String.valueOf(number));
            return run(question.group(1), question.group(2));
        });
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

    /** What is measured on each machine has a class of its own in the picture. */
    @ParameterizedTest
    @MethodSource("lessons")
    void drawsWhatIsExpected(int lesson) throws IOException {
        Path expected = Path.of("pictures/lesson-%02d.svg".formatted(lesson));
        String measured = "(?m)^<\\w+ class=\"[^\"]*measured\".*$";
        assertThat(usual(lesson).code()).isZero();
        assertThat(Files.readString(picture(lesson)).replaceAll(measured, "measured"))
                .isEqualTo(Files.readString(expected).replaceAll(measured, "measured"))
                .contains("prefers-color-scheme: dark");
        assertThat(Files.readString(Path.of("README.md"))).contains("](" + expected + ")");
    }

    /** The file is named after the lesson and what was changed, and takes the place of no other file. */
    @Test
    void writesThePicture(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("lesson-10-k=4.svg");
        for (int once = 0; once < 2; once++) {
            Said said = run(new Learn(folder), "10", "k=4", "--picture");
            assertThat(said.err()).isEmpty();
            assertThat(said.out()).contains("\nPicture: " + file + "\n");
            assertThat(Files.readString(file)).contains("k = 4").endsWith("</svg>\n");
        }
        Files.writeString(file, "mine");
        Said said = run(new Learn(folder), "10", "k=4", "--picture");
        assertThat(said)
                .isEqualTo(new Said(
                        2,
                        "",
                        "moelora: " + file + " is there already and is no picture of a lesson; move it, or use another"
                                + " folder\n"));
        assertThat(Files.readString(file)).isEqualTo("mine");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    /** The answer to each question has the number that the changed lesson prints. */
    @ParameterizedTest
    @MethodSource("lessons")
    void answersAreWhatIsMeasured(int lesson) throws IOException {
        String answer = Files.readString(Path.of("solutions/README.md"))
                .lines()
                .filter(line -> line.startsWith("| " + lesson + " | "))
                .findFirst()
                .orElseThrow();
        Matcher number = Pattern.compile("\\*\\*(.+?)\\*\\*").matcher(answer);
        assertThat(number.find()).as(answer).isTrue();
        assertThat(changed(lesson).out()).contains(number.group(1));
    }

    /** A question names a number of its own lesson that makes a difference. */
    @ParameterizedTest
    @MethodSource("lessons")
    void asksAQuestionThatCanBeMeasured(int lesson) {
        Said changed = changed(lesson);
        assertThat(changed.err()).isEmpty();
        assertThat(changed.code()).isZero();
        assertThat(changed.out()).isNotEqualTo(usual(lesson).out());
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
                        "moelora: \"h\" means nothing to a lesson; expected --picture, --check, or a name and a number such as rate=0.1\n");
        assertThat(run("4", "h=small").code()).isEqualTo(2);
        assertThat(run("4", "h=1"))
                .isEqualTo(new Said(2, "", "moelora: lesson 4 has no number h; expected one of x, sides\n"));
        assertThat(run("7", "head=6")).isEqualTo(new Said(2, "", "moelora: head is 6.0; expected 0 to 5\n"));
        assertThat(run("12", "experts=NaN").err()).isEqualTo("moelora: experts is NaN; expected 1 to 16\n");
        assertThat(run("12", "experts=2.5").err()).isEqualTo("moelora: experts is 2.5; expected a whole number\n");
    }
}
