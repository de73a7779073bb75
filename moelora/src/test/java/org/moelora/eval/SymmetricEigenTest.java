package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SymmetricEigenTest {
    /** {@code Q diag(values) Q^T = S} and {@code Q^T Q = 1} say all. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 33})
    void putTogetherAgainTheyAreTheMatrix(int n) {
        Random random = new Random(n);
        double[][] s = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                s[i][j] = random.nextGaussian() * Math.pow(10, random.nextInt(4) - 2);
                s[j][i] = s[i][j];
            }
        }
        SymmetricEigen eigen = SymmetricEigen.of(s);
        double[][] q = eigen.vectors();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double product = 0;
                double inner = 0;
                for (int k = 0; k < n; k++) {
                    product += q[i][k] * eigen.values()[k] * q[j][k];
                    inner += q[k][i] * q[k][j];
                }
                assertThat(product).isCloseTo(s[i][j], within(1e-12 * n * 100));
                assertThat(inner).isCloseTo(i == j ? 1 : 0, within(1e-13 * n));
            }
        }
    }

    /** The second difference on n points has the eigenvalues 2 - 2 cos(k pi / (n + 1)). */
    @Test
    void aMatrixWhoseEigenvaluesAreKnown() {
        int n = 12;
        double[][] s = new double[n][n];
        double[] known = new double[n];
        for (int i = 0; i < n; i++) {
            s[i][i] = 2;
            if (i > 0) {
                s[i][i - 1] = -1;
                s[i - 1][i] = -1;
            }
            known[i] = 2 - 2 * Math.cos((i + 1) * Math.PI / (n + 1));
        }
        double[] values = SymmetricEigen.of(s).values();
        Arrays.sort(values);
        assertThat(values).containsExactly(known, within(1e-13));
    }

    @Test
    void zerosAreDiagonal() {
        assertThat(SymmetricEigen.of(new double[3][3]).values()).containsOnly(0);
    }
}
