package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every method that docs/way.md and docs/tape.md name exists in the file that it is linked to. */
class WayPageTest {
    private static final Path DOCS = Path.of("../docs");
    private static final Pattern HOP = Pattern.compile("\\[`(\\w+\\.java)#(\\w+)`\\]\\(([^)]+)\\)");
    private static final Pattern MENTION = Pattern.compile("\\w+\\.java#\\w+");

    @ParameterizedTest
    @CsvSource({"way.md, 20", "tape.md, 7"})
    void everyHopIsAMethod(String name, int atLeast) throws IOException {
        String page = Files.readString(DOCS.resolve(name));
        Matcher hop = HOP.matcher(page);
        List<String> linked = new ArrayList<>();
        while (hop.find()) {
            linked.add(hop.group(1) + "#" + hop.group(2));
            Path file = DOCS.resolve(hop.group(3));
            assertThat(file).as(hop.group()).exists().hasFileName(hop.group(1));
            // A declaration: a modifier or a type before the name, and an opening brace or a semicolon after its
            // parameters.
            assertThat(Pattern.compile("(?m)^ {4}[\\w@][\\w<>\\[\\].@?, ]* " + hop.group(2) + "\\([^;{]*[;{]$")
                            .matcher(Files.readString(file))
                            .find())
                    .as(file + " should declare " + hop.group(2))
                    .isTrue();
        }
        assertThat(MENTION.matcher(page).results().map(found -> found.group())).isEqualTo(linked);
        assertThat(linked).hasSizeGreaterThan(atLeast);
    }
}
