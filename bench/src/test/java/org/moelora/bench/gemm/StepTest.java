package org.moelora.bench.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.engine.InputException;

/** Every step computes the product, whatever the size is divisible by. */
class StepTest {
    /** One element, less than a vector, primes on both sides of a tile, whole tiles, more than a block in every direction. */
    private static final Size[] SIZES = {
        new Size(1, 1, 1),
        new Size(1, 31, 7),
        new Size(3, 2, 300),
        new Size(11, 33, 17),
        new Size(13, 31, 257),
        new Size(23, 129, 1),
        new Size(24, 128, 64),
        new Size(61, 521, 523)
    };

    static Stream<Arguments> stepsAndSizes() {
        return Arrays.stream(Step.values()).flatMap(step -> Arrays.stream(SIZES).map(size -> Arguments.of(step, size)));
    }

    @ParameterizedTest
    @MethodSource("stepsAndSizes")
    void equalsTheSumsInDouble(Step step, Size size) {
        Operands o = Operands.random(size.m(), size.n(), size.k());
        try (Product product = step.on(o, 2)) {
            product.run();
            Arrays.fill(o.c(), Float.NaN);
            product.run(); // what the first run left in buffers must not show
        }
        for (int i = 0; i < o.m(); i++) {
            for (int j = 0; j < o.n(); j++) {
                double sum = 0;
                double magnitude = 0;
                for (int p = 0; p < o.k(); p++) {
                    double term = (double) o.a()[i * o.k() + p] * o.b()[p * o.n() + j];
                    sum += term;
                    magnitude += Math.abs(term);
                }
                // Rounding grows with the number of terms; half an ulp for each product and each sum is the worst case.
                double bound = 0x1p-24 * (o.k() + 1) * magnitude + 1e-30;
                assertThat((double) o.c()[i * o.n() + j]).as("C[%d][%d]", i, j).isBetween(sum - bound, sum + bound);
            }
        }
    }

    @Test
    void anUnknownStepIsNamed() {
        assertThatThrownBy(() -> Step.of("13"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("there is no step \"13\"");
        assertThatThrownBy(() -> Size.of("8x8"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("8x8");
    }
}
