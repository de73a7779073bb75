package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.moelora.data.TokenRow;

class UnigramTest {
    private static TokenRow row(int... labels) {
        return new TokenRow(labels, labels, null, 0);
    }

    @Test
    void lossIsThatOfWittenAndBell() {
        // The first label of a row and those of -100 do not count: 5, 5, 6 do.
        TokenRow train = new TokenRow(new int[] {1, 5, 5, 6, 7}, new int[] {1, 5, 5, 6, TokenRow.IGNORED}, null, 0);
        Unigram unigram = Unigram.of(List.of(train), 10);
        assertThat(unigram.loss(List.of(row(1, 5)))).isCloseTo(-Math.log(2.0 / 5), within(1e-12));
        assertThat(unigram.loss(List.of(row(1, 9)))).isCloseTo(-Math.log(2.0 / 5 / 8), within(1e-12));
        assertThat(unigram.loss(List.of(row(1, 5), row(1, 9))))
                .isCloseTo(-(Math.log(2.0 / 5) + Math.log(2.0 / 5 / 8)) / 2, within(1e-12));
    }

    @Test
    void probabilitiesOfAllTokensAddUpToOne() {
        for (TokenRow train : List.of(row(0, 1, 1, 2), row(0), row(0, 0, 1, 2, 3, 3))) {
            Unigram unigram = Unigram.of(List.of(train), 4);
            double sum = 0;
            for (int token = 0; token < 4; token++) {
                sum += Math.exp(-unigram.loss(List.of(row(0, token))));
            }
            assertThat(sum).isCloseTo(1, within(1e-12));
        }
        assertThat(Unigram.of(List.of(row(0, 1)), 4).loss(List.of(row(3)))).isNaN();
    }
}
