package org.moelora.bench.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.InputException;

/** What docs/gemm.md shows is in the classes it names. */
class GemmPageTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern SNIPPET = Pattern.compile("```java\\n// (\\w+)\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern PLACE = Pattern.compile("<!-- measured (\\w+) -->");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

    private final String page;

    GemmPageTest() throws IOException {
        page = Files.readString(ROOT.resolve("docs/gemm.md"));
    }

    /** Lines of a snippet follow one another in the class; a line of three dots stands for some that are left out. */
    @Test
    void snippetsAreInTheirClasses() throws IOException {
        Matcher snippet = SNIPPET.matcher(page);
        int snippets = 0;
        while (snippet.find()) {
            snippets++;
            Path file = ROOT.resolve("bench/src/main/java/org/moelora/bench/gemm/" + snippet.group(1) + ".java");
            String source = unindented(Files.readString(file));
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
                .isGreaterThan(8);
    }

    @Test
    void everyStepHasItsPlaceAndTheTableToo() {
        List<String> expected = new ArrayList<>(Step.ids());
        expected.addAll(List.of("table", "products"));
        assertThat(PLACE.matcher(page).results().map(m -> m.group(1)).toList())
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    /** Neither before the measuring, nor afterwards with a report of a busy machine. */
    @Test
    void aBusyMachineWritesNoPage(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("gemm.md"), "<!-- measured products -->\nold\n<!-- end -->\n");
        GemmPage copy = new GemmPage(file);
        int cores = Runtime.getRuntime().availableProcessors();
        double most = 0.3 * cores;
        assertThatThrownBy(() -> copy.checkQuiet(most + 0.01))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + " is not written: the load average is")
                .hasMessageContaining("0.3 a core");
        assertThatThrownBy(() -> copy.write(ReportTest.report(most + 0.01))).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> copy.write(ReportTest.report(-1)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("does not tell its load average");
        assertThat(file).content().contains("old");
        copy.checkQuiet(most);
        copy.write(ReportTest.report(most));
        assertThat(file).content().doesNotContain("old").contains("dB = dy^T U");
    }

    @Test
    void linksLeadSomewhere() {
        assertThat(LINK.matcher(page).results().map(m -> m.group(1)).toList())
                .isNotEmpty()
                .allSatisfy(
                        link -> assertThat(ROOT.resolve("docs").resolve(link)).exists());
    }

    private static String unindented(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n"));
    }
}
