package org.moelora.bench.gemm;

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

/** What docs/gemm.md shows is in the classes it names. */
class GemmPageTest {
    private final StepsPage page = new StepsPage("gemm");

    @Test
    void snippetsAreInTheirClasses() {
        page.snippetsAreInTheirClasses(9);
    }

    @Test
    void everyStepHasItsPlaceAndTheTablesToo() {
        List<String> expected = new ArrayList<>(Step.ids());
        expected.addAll(List.of("table", "products"));
        assertThat(page.places()).containsExactlyInAnyOrderElementsOf(expected);
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
        page.linksLeadSomewhere();
    }
}
