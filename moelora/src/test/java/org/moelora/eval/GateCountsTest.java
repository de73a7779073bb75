package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GateCountsTest {
    private static final float[] EVEN = {0.5f, 0.5f};

    private static GateCounts one(int task, double... w) {
        GateCounts counts = new GateCounts(2, 2);
        add(counts, task, w);
        return counts;
    }

    /** A row of one token. */
    private static void add(GateCounts counts, int task, double... w) {
        counts.add(new int[] {0, 1}, new int[] {task}, w, EVEN);
    }

    @Test
    void anExpertPerTaskSaysAll() {
        GateCounts counts = one(0, 1, 0);
        add(counts, 1, 0, 1);
        assertThat(counts.information()).isCloseTo(1, within(1e-15));
        assertThat(counts.entropy()).isCloseTo(1, within(1e-15));
    }

    @Test
    void equalSharesSayNothing() {
        GateCounts counts = one(0, 0.3, 0.7);
        add(counts, 1, 0.3, 0.7);
        assertThat(counts.information()).isCloseTo(0, within(1e-15));
    }

    /** With q(0 | a) = 0.9 and q(0 | b) = 0.1 it is 1 - H(0.9). */
    @Test
    void tasksWeighTheSameHoweverManyRowsTheyHave() {
        GateCounts counts = one(0, 0.9, 0.1);
        for (int i = 0; i < 50; i++) {
            add(counts, 1, 0.1, 0.9);
        }
        double entropy = -(0.9 * Math.log(0.9) + 0.1 * Math.log(0.1)) / Math.log(2);
        assertThat(counts.information()).isCloseTo(1 - entropy, within(1e-14));
        assertThat(counts.load()).containsExactly(new double[] {5.9 / 51, 45.1 / 51}, within(1e-14));
    }

    @Test
    void rowsWithoutATaskCountForTheLoadOnly() {
        GateCounts counts = one(0, 1, 0);
        add(counts, 1, 1, 0);
        add(counts, -1, 0, 1);
        add(counts, -1, 0, 1);
        assertThat(counts.information()).isZero();
        assertThat(counts.load()).containsExactly(new double[] {0.5, 0.5}, within(1e-15));
    }

    /** Of experts drawn without a look at the task, over many samples. */
    @Test
    void biasIsWhatChanceAloneBrings() {
        int tasks = 5;
        int experts = 4;
        int[] rows = {60, 40, 50, 90, 120};
        Random random = new Random(1);
        double sum = 0;
        double bias = 0;
        int samples = 400;
        for (int s = 0; s < samples; s++) {
            GateCounts counts = new GateCounts(tasks, experts);
            for (int a = 0; a < tasks; a++) {
                for (int row = 0; row < rows[a]; row++) {
                    double[] w = new double[experts];
                    w[random.nextInt(experts)] = 1;
                    counts.add(new int[] {0, 1}, new int[] {a}, w, new float[experts]);
                }
            }
            sum += counts.information();
            bias = counts.bias();
        }
        assertThat(bias).isCloseTo(sum / samples, within(0.05 * bias));
    }

    @Test
    void aRowWithOneGateIsOneDecision() {
        GateCounts perRow = new GateCounts(2, 2);
        perRow.add(new int[] {0, 3, 6}, new int[] {0, 1}, new double[] {1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1}, EVEN);
        assertThat(perRow.bias()).isCloseTo(1 / (2 * 2 * Math.log(2)), within(1e-15));
        GateCounts perToken = new GateCounts(2, 2);
        perToken.add(new int[] {0, 3, 6}, new int[] {0, 1}, new double[] {1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0}, EVEN);
        assertThat(perToken.bias()).isCloseTo(1 / (2 * 6 * Math.log(2)), within(1e-15));
    }

    @Test
    void aTokenWithoutAnExpertCountsForNone() {
        GateCounts counts = one(0, 0, 0);
        add(counts, 0, 1, 0);
        add(counts, 1, 0, 1);
        assertThat(counts.information()).isCloseTo(1, within(1e-15));
        assertThat(IntStream.range(0, 2).mapToDouble(e -> counts.load()[e]).sum())
                .isEqualTo(1);
    }
}
