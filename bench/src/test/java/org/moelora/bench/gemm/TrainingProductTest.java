package org.moelora.bench.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainingProductTest {
    /** Thin in each direction, and beside tiles. */
    private static final Size[] SIZES = {
        new Size(37, 8, 41), new Size(8, 45, 37), new Size(33, 47, 8), new Size(61, 32, 129)
    };

    @ParameterizedTest
    @EnumSource
    void equalsTheSumsInDouble(TrainingProduct.Form form) {
        for (Size size : SIZES) {
            try (EngineProduct product = new EngineProduct(form, size, 2)) {
                product.run();
                assertThat(product.error()).as(form + " " + size).isLessThanOrEqualTo(1);
            }
        }
    }

    @Test
    void thinOnesOfBothRanksAndAllForms() {
        assertThat(TrainingProduct.ALL).extracting(TrainingProduct::id).doesNotHaveDuplicates();
        for (int rank : new int[] {8, 32}) {
            assertThat(TrainingProduct.ALL)
                    .filteredOn(p -> Math.min(
                                    p.size().m(),
                                    Math.min(p.size().n(), p.size().k()))
                            == rank)
                    .extracting(TrainingProduct::form)
                    .contains(TrainingProduct.Form.values());
        }
        assertThat(Step.ids())
                .doesNotContainAnyElementsOf(
                        TrainingProduct.ALL.stream().map(TrainingProduct::id).toList());
    }
}
