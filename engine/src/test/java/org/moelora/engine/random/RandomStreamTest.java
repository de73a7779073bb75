package org.moelora.engine.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomStreamTest {
    /** From a separate program written after the Javadoc; runs are reproducible only while these bits stay. */
    @Test
    void givesTheDocumentedBits() {
        RandomStream stream = RandomStream.of(-1, 7, "layers.3.q_proj/ü");

        assertThat(stream.key()).isEqualTo(0x4F5397B6A4D6D7C2L);
        assertThat(stream.nextInt()).isEqualTo(0x5E319F81);
        assertThat(stream.nextInt()).isEqualTo(0xFE2997EF);
        assertThat(stream.split("b").key()).isEqualTo(0x7C3F3F91840420F9L);
        assertThat(stream.nextLong()).isEqualTo(0x88D8BFEFF33C803CL);
        assertThat(stream.nextLong()).isEqualTo(0x93D87E60FAD17A57L);
    }

    @Test
    void givesTheDocumentedNumbers() {
        RandomStream uniform = RandomStream.of(-1, 7, "layers.3.q_proj/ü");
        assertThat(uniform.uniform()).isEqualTo(0.9928221663851161);
        assertThat(uniform.uniform(-1, 3)).isEqualTo(-1 + 4 * 0.5345573387923981);

        RandomStream normal = RandomStream.of(-1, 7, "layers.3.q_proj/ü");
        assertThat(normal.normal()).isCloseTo(-3.0684349255532286, within(1e-14));
        assertThat(normal.normal()).isCloseTo(-0.6769212956012592, within(1e-14));
    }

    @Test
    void everyPartOfTheNameOfAStreamCounts() {
        Set<Long> keys = new HashSet<>();
        RandomStream base = RandomStream.of(0, 0, "a");
        keys.add(base.key());
        keys.add(RandomStream.of(1, 0, "a").key());
        keys.add(RandomStream.of(1L << 32, 0, "a").key());
        keys.add(RandomStream.of(0, 1, "a").key());
        keys.add(RandomStream.of(0, 1L << 32, "a").key());
        keys.add(RandomStream.of(0, 0, "b").key());
        keys.add(RandomStream.of(0, 0, "").key());
        keys.add(base.split("a").key());
        keys.add(base.split("b").key());
        keys.add(base.split("a").split("a").key());

        assertThat(keys).hasSize(10);
        assertThatThrownBy(() -> RandomStream.of(0, -1, "a")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void splitsWithoutRegardToThePosition() {
        RandomStream drawn = RandomStream.of(3, 4, "a");
        drawn.nextLong();

        assertThat(drawn.split("x").nextLong())
                .isEqualTo(RandomStream.of(3, 4, "a").split("x").nextLong());
    }

    @Test
    void uniformNumbersHaveTheMomentsOfTheirDistribution() {
        int n = 200_000;
        double sum = 0;
        double squares = 0;
        double least = 1;
        double most = 0;
        RandomStream stream = RandomStream.of(1, 0, "moments");
        for (int i = 0; i < n; i++) {
            double u = stream.uniform();
            sum += u;
            squares += u * u;
            least = Math.min(least, u);
            most = Math.max(most, u);
        }
        // Five standard deviations of the estimates: sqrt(1/12 / n) and sqrt(4/45 / n).
        assertThat(sum / n).isCloseTo(0.5, within(5 * 0.2887 / Math.sqrt(n)));
        assertThat(squares / n).isCloseTo(1.0 / 3, within(5 * 0.2982 / Math.sqrt(n)));
        assertThat(least).isNotNegative().isLessThan(1e-3);
        assertThat(most).isLessThan(1).isGreaterThan(0.999);
    }

    @Test
    void normalNumbersHaveTheMomentsOfTheirDistribution() {
        int n = 200_000;
        double[] moments = new double[5];
        double neighbours = 0;
        double previous = 0;
        RandomStream stream = RandomStream.of(1, 0, "moments");
        for (int i = 0; i < n; i++) {
            double x = stream.normal();
            for (int k = 1; k <= 4; k++) {
                moments[k] += Math.pow(x, k) / n;
            }
            neighbours += x * previous / n;
            previous = x;
        }
        // The variances of x, x^2, x^3, x^4 and of a product of two are 1, 2, 15, 96 and 1.
        assertThat(moments[1]).isCloseTo(0, within(5 * Math.sqrt(1.0 / n)));
        assertThat(moments[2]).isCloseTo(1, within(5 * Math.sqrt(2.0 / n)));
        assertThat(moments[3]).isCloseTo(0, within(5 * Math.sqrt(15.0 / n)));
        assertThat(moments[4]).isCloseTo(3, within(5 * Math.sqrt(96.0 / n)));
        assertThat(neighbours).isCloseTo(0, within(5 * Math.sqrt(1.0 / n)));
    }

    @Test
    void belowIsExactlyFair() {
        RandomStream stream = RandomStream.of(1, 0, "below");
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++) {
            counts[stream.below(7)]++;
        }
        assertThat(chiSquare(counts, 10_000)).isLessThan(35);

        // 2^32 words on 3 * 2^29 numbers are 8 on 3: without rejection the residues mod 3 would come as 3 : 3 : 2.
        int[] thirds = new int[3];
        for (int i = 0; i < 30_000; i++) {
            thirds[stream.below(3 << 29) % 3]++;
        }
        assertThat(chiSquare(thirds, 10_000)).isLessThan(28);

        assertThat(stream.below(1)).isZero();
        assertThatThrownBy(() -> stream.below(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shufflesEveryOrderEquallyOften() {
        RandomStream stream = RandomStream.of(1, 0, "shuffle");
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i < 24_000; i++) {
            int[] values = {0, 1, 2, 3};
            stream.shuffle(values);
            counts.merge(Arrays.toString(values), 1, Integer::sum);
        }
        assertThat(counts).hasSize(24);
        int[] all = counts.values().stream().mapToInt(Integer::intValue).toArray();
        assertThat(chiSquare(all, 1000)).isLessThan(70);
    }

    @Test
    void samplesEverySetEquallyOften() {
        RandomStream stream = RandomStream.of(1, 0, "sample");
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            counts.merge(Arrays.toString(stream.sampleWithoutReplacement(6, 3)), 1, Integer::sum);
        }
        assertThat(counts).hasSize(20).containsKey("[0, 1, 2]").containsKey("[3, 4, 5]");
        int[] all = counts.values().stream().mapToInt(Integer::intValue).toArray();
        assertThat(chiSquare(all, 1000)).isLessThan(62);
    }

    @Test
    void samplesAscendingWithoutRepetition() {
        RandomStream stream = RandomStream.of(1, 0, "sample");

        assertThat(stream.sampleWithoutReplacement(5, 0)).isEmpty();
        assertThat(stream.sampleWithoutReplacement(0, 0)).isEmpty();
        assertThat(stream.sampleWithoutReplacement(5, 5)).containsExactly(0, 1, 2, 3, 4);
        int[] sample = stream.sampleWithoutReplacement(10_000, 512);
        assertThat(sample).hasSize(512);
        assertThat(IntStream.range(1, 512)).allMatch(i -> sample[i - 1] < sample[i]);
        assertThatThrownBy(() -> stream.sampleWithoutReplacement(2, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> stream.sampleWithoutReplacement(2, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    private static double chiSquare(int[] counts, double expected) {
        return Arrays.stream(counts)
                .mapToDouble(c -> (c - expected) * (c - expected) / expected)
                .sum();
    }
}
