package org.moelora.bench.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A page of steps: what it shows is in the classes that it names. */
public final class StepsPage {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern SNIPPET = Pattern.compile("```java\\n// (\\w+)\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern PLACE = Pattern.compile("<!-- measured (\\w+) -->");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

    private final Path folder;
    private final String page;

    /**
     * @param name of the page in docs, and of the package of its classes
     */
    public StepsPage(String name) {
        folder = ROOT.resolve("bench/src/main/java/org/moelora/bench/" + name);
        page = read(ROOT.resolve("docs/" + name + ".md"));
    }

    /** Lines of a snippet follow one another in the class; a line of three dots stands for some that are left out. */
    public void snippetsAreInTheirClasses(int atLeast) {
        Matcher snippet = SNIPPET.matcher(page);
        int snippets = 0;
        while (snippet.find()) {
            snippets++;
            Path file = folder.resolve(snippet.group(1) + ".java");
            String source = unindented(read(file));
            int at = 0;
            for (String part : unindented(snippet.group(2)).split("\\n\\.\\.\\.\\n")) {
                int found = source.indexOf(part.strip(), at);
                assertThat(found)
                        .as("%s should contain, in this order:%n%s", file, part)
                        .isNotNegative();
                at = found + part.strip().length();
            }
        }
        assertThat(snippets)
                .as("snippets of Java")
                .isEqualTo(page.split("```java", -1).length - 1)
                .isGreaterThanOrEqualTo(atLeast);
    }

    /** Places of measured numbers, in the order of the page. */
    public List<String> places() {
        return PLACE.matcher(page).results().map(m -> m.group(1)).toList();
    }

    public void linksLeadSomewhere() {
        assertThat(LINK.matcher(page).results().map(m -> m.group(1)).toList())
                .isNotEmpty()
                .allSatisfy(
                        link -> assertThat(ROOT.resolve("docs").resolve(link)).exists());
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String unindented(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n"));
    }
}
