package org.moelora.bench.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.moelora.engine.InputException;

/** Every step computes what the plain kernel does, in its own order of sums. */
class StepTest {
    /** One token, less than a vector, just over a block of keys, and a width with a rest. */
    private static final int[][] SIZES = {{1, 8}, {7, 3}, {65, 16}, {150, 37}};

    @ParameterizedTest
    @EnumSource
    void equalsPlain(Step step) {
        for (int[] size : SIZES) {
            Head expected = Head.random(size[0], size[1]);
            try (EngineAttention plain = new EngineAttention(expected, "cpu-plain", 1, true)) {
                plain.run();
            }
            Head found = Head.random(size[0], size[1]);
            try (Pass pass = step.on(found, 2)) {
                pass.run();
                pass.run(); // what the first run left must not show
            }
            String what = step + " " + size[0] + "x" + size[1];
            same(what + " o", expected.o(), found.o());
            same(what + " logSumExp", expected.logSumExp(), found.logSumExp());
            if (step.backward()) {
                same(what + " dq", expected.dq(), found.dq());
                same(what + " dk", expected.dk(), found.dk());
                same(what + " dv", expected.dv(), found.dv());
            } else if (step != Step.ENGINE) {
                assertThat(Arrays.equals(
                                found.dq(), Head.random(size[0], size[1]).dq()))
                        .isTrue();
            }
        }
    }

    private static void same(String what, float[] expected, float[] found) {
        float largest = 1;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("%s[%d]", what, i).isCloseTo(expected[i], within(2e-5f * largest));
        }
    }

    @Test
    void keepingTheMatrixCostsTheSquareOfTheLength() {
        assertThat(Step.SCORE_MATRIX.kept(1000)).isEqualTo(4_000_000);
        assertThat(Step.FROM_LOG_SUM_EXP.kept(1000)).isEqualTo(4_000);
        assertThat(Step.FROM_LOG_SUM_EXP.flops(Head.random(2, 4))).isEqualTo(2.0 * 5 * 3 * 4);
    }

    @Test
    void anUnknownStepIsNamed() {
        assertThatThrownBy(() -> Step.of("9"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("there is no step \"9\"");
    }
}
