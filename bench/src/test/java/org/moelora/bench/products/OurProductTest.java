package org.moelora.bench.products;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OurProductTest {
    /** {@code prepare} itself compares elements with sums in double, in the form that was asked for. */
    @ParameterizedTest
    @EnumSource
    void gemmTakesEveryForm(Product.Form form) {
        ProductPerformer performer = new ProductPerformer(new OurProduct(2, false, true));
        for (String size : new String[] {"37 8 41", "8 45 33", "33 47 8", "40 24 130"}) {
            assertThat(performer
                            .perform(("prepare " + size + " " + form.name()).split(" "))
                            .number("error"))
                    .isLessThan(1e-4);
        }
        assertThat(performer.perform(new String[] {"time", "2"}).number("nanos"))
                .isPositive();
    }

    @Test
    void aFrozenWeightHasOneForm() {
        ProductPerformer performer = new ProductPerformer(new OurProduct(1, true, false));
        assertThat(performer.perform("prepare 9 17 33 XWT".split(" ")).number("error"))
                .isLessThan(1e-4);
        assertThatThrownBy(() -> performer.perform("prepare 9 17 33 XTW".split(" ")))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("A^T B");
    }
}
