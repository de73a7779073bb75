package org.moelora.bench.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.bench.lab.StepsPage;
import org.moelora.engine.InputException;

/** What docs/attention.md shows is in the classes it names. */
class AttentionPageTest {
    private final StepsPage page = new StepsPage("attention");

    @Test
    void snippetsAreInTheirClasses() {
        page.snippetsAreInTheirClasses(8);
    }

    @Test
    void everyStepHasItsPlaceAndTheTableToo() {
        List<String> expected = new ArrayList<>(Step.ids());
        expected.add("table");
        assertThat(page.places()).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void linksLeadSomewhere() {
        page.linksLeadSomewhere();
    }

    private static Report report(double load) {
        List<Report.Rate> all = new ArrayList<>();
        for (int tokens : new int[] {10, 20}) {
            for (Step step : Step.values()) {
                all.add(new Report.Rate(step, tokens, new double[] {3, 1, 2}));
            }
        }
        return new Report(load, 64, 3, List.of(10, 20), all);
    }

    /** Forward with 10 tokens: 2 x 2 x 55 x 64 operations; at 2 GFLOP/s 0.007 ms. */
    @Test
    void theTableShowsMedianSpreadTimeAndWhatIsKept() {
        assertThat(report(0).table().lines())
                .contains("| 1 | the matrix of scores | 2.00 (1.00..3.00) | 0.01 | 2.00 (1.00..3.00) | 0.03 | 1.6 kB |")
                .contains(
                        "| 6 | backward from log-sum-exp | 2.00 (1.00..3.00) | 0.02 | 2.00 (1.00..3.00) | 0.07 | 0.1 kB |");
        assertThat(report(0).into("a\n<!-- measured 2 -->\nold\n<!-- end -->\nb\n"))
                .isEqualTo("""
                        a
                        <!-- measured 2 -->
                        **Measured: 2.00 GFLOP/s at 10 tokens, 2.00 GFLOP/s at 20 tokens.**
                        <!-- end -->
                        b
                        """);
    }

    @Test
    void aBusyMachineWritesNoPage(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("attention.md"), "<!-- measured table -->\nold\n<!-- end -->\n");
        double most = 0.3 * Runtime.getRuntime().availableProcessors();
        assertThatThrownBy(() -> AttentionSteps.write(file, report(most + 0.01)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is not written: the load average is");
        assertThat(file).content().contains("old");
        AttentionSteps.write(file, report(most));
        assertThat(file).content().doesNotContain("old").contains("online softmax");
    }
}
