package org.moelora.bench.contest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final Report report = new Report(new PrintStream(printed, true, StandardCharsets.UTF_8));

    @Test
    void columnsOfATableLineUp() {
        Table table = new Table("shape", "rate").row("512x576x576", "9").row("1x1x1", "168");
        assertThat(table.text()).containsExactly("shape        rate", "512x576x576  9", "1x1x1        168");
        assertThat(table.markdown())
                .containsExactly("| shape | rate |", "|---|---|", "| 512x576x576 | 9 |", "| 1x1x1 | 168 |");
    }

    @Test
    void aBarInACellDoesNotEndIt() {
        assertThat(new Table("a").row("x | y").markdown().getLast()).isEqualTo("| x \\| y |");
    }

    @Test
    void aRowHasAsManyCellsAsTheHead() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Table("a", "b").row("1"));
    }

    @Test
    void figuresArePrintedAsTheyComeAndComeFirstInTheFile(@TempDir Path folder) throws IOException {
        report.preface("date: today");
        report.section("Products");
        report.figures(List.of(
                new Figure("ours / theirs", "2", "1", Spread.of(2, 1.5, 2.5), Bar.atLeast(1)),
                Figure.absent("ours / others", Bar.atLeast(1), "others are not installed")));
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("ours / theirs", "others are not installed");
        report.line("a detail");
        Path file = folder.resolve("RESULTS.md");
        report.write(file, "Results");
        assertThat(Files.readAllLines(file))
                .containsSubsequence(
                        "# Results",
                        "* date: today",
                        "| ours / theirs | 2 | 1 | 2 (1.50..2.50) | >= 1 | yes |",
                        "| ours / others | - | others are not installed | - | >= 1 | absent |",
                        "## Products",
                        "* a detail",
                        Report.BY_HAND);
    }

    @Test
    void whatWasWrittenByHandIsKeptAndTheRestReplaced(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("RESULTS.md");
        Files.write(file, List.of("# Results", "an old figure", Report.BY_HAND, "", "It fell short because."));
        report.preface("date: today");
        report.write(file, "Results");
        assertThat(Files.readString(file)).doesNotContain("an old figure");
        assertThat(Files.readAllLines(file)).endsWith(Report.BY_HAND, "", "It fell short because.");
    }
}
