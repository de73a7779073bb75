package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Bfloat16Test {
    @ParameterizedTest
    @CsvSource({
        "3F80,1.0",
        "C000,-2.0",
        "3DCD,0.10009765625",
        "7F7F,3.3895314E38",
        "0080,1.17549435E-38",
        "0001,9.1835E-41"
    })
    void readsValuesWorkedOutByHand(String hex, float value) {
        assertThat(Bfloat16.toFloat((short) Integer.parseInt(hex, 16))).isEqualTo(value);
    }

    @Test
    void givesBackAllBits() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Bfloat16.toFloat((short) bits);
            if (Float.isNaN(value)) {
                assertThat(Bfloat16.fromFloat(value) & 0xFFFF).isEqualTo(bits | 0x40);
            } else {
                assertThat(Bfloat16.fromFloat(value) & 0xFFFF).isEqualTo(bits);
            }
        }
    }

    /** Around every bfloat16: the midpoint to the next goes to the even one, and a float's step to either side decides. */
    @Test
    void roundsToTheNearestTiesToEven() {
        for (int low = 0; low < 0x7F80; low++) {
            for (int sign = 0; sign <= 0x8000; sign += 0x8000) {
                int bits = sign | low;
                int even = (low & 1) == 0 ? bits : bits + 1;
                float middle = Float.intBitsToFloat(bits << 16 | 0x8000);
                float below = Float.intBitsToFloat(bits << 16 | 0x7FFF);
                float above = Float.intBitsToFloat(bits << 16 | 0x8001);
                assertThat(Bfloat16.fromFloat(middle) & 0xFFFF).isEqualTo(even);
                assertThat(Bfloat16.fromFloat(below) & 0xFFFF).isEqualTo(bits);
                assertThat(Bfloat16.fromFloat(above) & 0xFFFF).isEqualTo(bits + 1);
            }
        }
    }

    /** The error of a rounding is at most half a step of the result, measured in exact arithmetic. */
    @Test
    void staysWithinHalfAStep() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 20_000; i++) {
            float value = (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-100, 100)));
            float rounded = Bfloat16.toFloat(Bfloat16.fromFloat(value));
            BigDecimal error =
                    new BigDecimal(value).subtract(new BigDecimal(rounded)).abs();
            BigDecimal step = new BigDecimal(Math.ulp(value)).multiply(BigDecimal.valueOf(1 << 16));
            assertThat(error.multiply(BigDecimal.TWO)).isLessThanOrEqualTo(step);
        }
    }

    @Test
    void keepsNaNsAndInfinities() {
        assertThat(Bfloat16.fromFloat(Float.POSITIVE_INFINITY)).isEqualTo((short) 0x7F80);
        assertThat(Bfloat16.fromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xFF80);
        assertThat(Bfloat16.fromFloat(Float.MAX_VALUE)).isEqualTo((short) 0x7F80);
        for (int bits : new int[] {0x7F800001, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF, 0x7FC00000}) {
            short narrow = Bfloat16.fromFloat(Float.intBitsToFloat(bits));
            assertThat(Bfloat16.toFloat(narrow)).isNaN();
            assertThat(narrow < 0).isEqualTo(bits < 0);
        }
    }
}
