package org.moelora.bench.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Size WHOLE = new Size(1008, 1920, 1920);
    private static final Size PRIMES = new Size(1009, 1931, 1933);

    /** Each step does 10 more than the one before at the first size, and half of that at the second. */
    private static Report report() {
        return report(0.5);
    }

    static Report report(double load) {
        List<Rates> all = new ArrayList<>();
        double rate = 0;
        for (Step step : Step.values()) {
            rate += 10;
            all.add(new Rates(step, WHOLE, 1008, new double[] {rate + 2, rate - 1, rate}, 1_500_000));
            all.add(new Rates(step, PRIMES, 1009, new double[] {rate / 2}, 0));
        }
        return new Report(512, 2, 3, load, 200, 400, List.of(WHOLE, PRIMES), all, List.of(product()));
    }

    /** Half of the peak on one thread and a quarter on two. */
    private static TrainingProduct.Measured product() {
        TrainingProduct product = TrainingProduct.find("dB8").orElseThrow();
        return new TrainingProduct.Measured(product, new double[] {100, 99, 101}, new double[] {100});
    }

    @Test
    void theTableShowsMedianSpreadAndShare() {
        assertThat(report().table().lines())
                .contains("| 2 | unit stride | 3 / 1 | 20.0 (19.0..22.0) | 10.0 (10.0..10.0) | 10.0 % | 1500 kB |")
                .anyMatch(line ->
                        line.startsWith("| 11 | all cores | 14 / 24 | 110 (109..112) |") && line.contains(" 27.5 % "));
    }

    @Test
    void thePagesNumbersAreReplacedAndNothingElse() {
        String page =
                "before\n<!-- measured 2 -->\nold\n\nolder\n<!-- end -->\nbetween\n<!-- measured boxed -->\n<!-- end -->\nafter\n";
        assertThat(report().into(page))
                .isEqualTo("before\n<!-- measured 2 -->\n"
                        + "**Measured: 20.0 GFLOP/s, 10.0 % of the peak, 2.0 times step 1; 10.0 at 1009x1931x1933.**\n"
                        + "<!-- end -->\nbetween\n<!-- measured boxed -->\n"
                        + "**Measured: 140 GFLOP/s, 70.0 % of the peak, 2.0 times step 7; 70.0 at 1009x1931x1933;"
                        + " 1500 kB allocated per product.**\n"
                        + "<!-- end -->\nafter\n");
    }

    @Test
    void theProductsOfAStepHaveATableOfTheirOwn() {
        String row =
                "| `dB = dy^T U` | A^T B | 1920x8x1008 | 4.0 | 100 (99.0..101) | 50.0 % | 100 (100..100) | 25.0 % |";
        assertThat(report().products().lines()).hasSize(3).contains(row);
        assertThat(report().into("<!-- measured products -->\nold\n<!-- end -->\n"))
                .contains(row)
                .doesNotContain("old");
    }

    @Test
    void theChartHasABarPerStepAndSize() {
        String svg = RateChart.of(report());
        assertThat(svg.split("<rect x=\"210\"", -1)).hasSize(Step.values().length * 2 + 1);
        assertThat(svg).contains("peak, 2 threads: 400").endsWith("</svg>\n");
    }
}
