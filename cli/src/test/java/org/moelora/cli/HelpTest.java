package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class HelpTest {
    private static List<CommandLine> commands() {
        Streams streams = new Streams(InputStream.nullInputStream(), System.out, System.err, false, () -> 0);
        return Moelora.commandLine(streams).getSubcommands().values().stream()
                .filter(command -> !command.getCommandName().equals("help"))
                .toList();
    }

    static Stream<Arguments> commandsAndWidths() {
        return commands().stream().flatMap(command -> Stream.of(80, 120).map(width -> Arguments.of(command, width)));
    }

    /** Every word of it is there, whatever the width; an example is never broken, as it is there to be copied. */
    @ParameterizedTest
    @MethodSource("commandsAndWidths")
    void fits(CommandLine command, int width) {
        String name = command.getCommandName();
        Ran ran = Ran.inColumns(width, name, "--help");
        assertThat(ran.code()).isZero();
        List<String> lines = ran.out().lines().toList();
        assertThat(lines).allMatch(line -> line.length() <= width);
        assertThat(words(ran.out())).isEqualTo(words(Ran.of(name, "--help").out()));
        for (String line : command.getCommandSpec().usageMessage().footer()) {
            if (line.startsWith("  moelora")) {
                assertThat(lines).contains(line);
            }
        }
    }

    private static String words(String text) {
        return text.replaceAll("\\s+", "");
    }

    @Test
    void flagsOfTrainStandUnderHeadings() {
        List<String> lines = Ran.of("train", "--help").out().lines().toList();
        assertThat(lines.stream().filter(HelpTest::isHeading))
                .containsExactly(
                        "Model:",
                        "Data:",
                        "Adapter:",
                        "Optimizer:",
                        "Evaluation:",
                        "Output:",
                        "Machine:",
                        "General:",
                        "Examples:");
        assertThat(heading(lines, "--learning-rate")).isEqualTo("Optimizer:");
        assertThat(heading(lines, "--threads")).isEqualTo("Machine:");
        assertThat(heading(lines, "--rank")).isEqualTo("Adapter:");
        assertThat(heading(lines, "--max-length")).isEqualTo("Data:");
        assertThat(heading(lines, "--out")).isEqualTo("Output:");
    }

    private static String heading(List<String> lines, String flag) {
        int at = 0;
        while (!lines.get(at).startsWith("  " + flag)) {
            at++;
        }
        return lines.subList(0, at).stream().filter(HelpTest::isHeading).reduce("", (first, second) -> second);
    }

    private static boolean isHeading(String line) {
        return line.matches("[A-Z][a-z]+:");
    }

    /** A new flag says where it belongs. */
    @Test
    void onlyWhatAllCommandsHaveIsGeneral() {
        for (CommandLine command : commands()) {
            assertThat(command.getCommandSpec().options().stream()
                            .filter(option -> SectionedHelp.section(option) == Section.GENERAL)
                            .map(OptionSpec::longestName))
                    .as(command.getCommandName() + " (annotate the others with @Under)")
                    .isSubsetOf(Arrays.asList(CommonFlags.CONFIG, CommonFlags.VERBOSE, CommonFlags.HELP));
        }
    }
}
