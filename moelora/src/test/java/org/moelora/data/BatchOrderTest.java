package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchOrderTest {
    private static int[] epoch(BatchOrder order, int epoch) {
        int batches = order.batchesPerEpoch();
        return IntStream.range(epoch * batches, (epoch + 1) * batches)
                .flatMap(index -> IntStream.of(order.batch(index)))
                .toArray();
    }

    @Test
    void goesThroughTheFileInOrderAndKeepsTheRest() {
        var order = new BatchOrder(7, 3, false, 5);
        assertThat(order.batchesPerEpoch()).isEqualTo(3);
        assertThat(IntStream.range(0, 6).mapToObj(order::batch).map(Arrays::toString))
                .containsExactly("[0, 1, 2]", "[3, 4, 5]", "[6]", "[0, 1, 2]", "[3, 4, 5]", "[6]");
    }

    @Test
    void takesEachRowOnceInAnEpochAndInAnotherOrderInTheNext() {
        var order = new BatchOrder(100, 8, true, 5);
        int[] all = IntStream.range(0, 100).toArray();
        List<List<Integer>> seen = new ArrayList<>();
        for (int epoch = 0; epoch < 4; epoch++) {
            int[] rows = epoch(order, epoch);
            seen.add(IntStream.of(rows).boxed().toList());
            assertThat(IntStream.of(rows).sorted())
                    .containsExactly(Arrays.stream(all).boxed().toArray(Integer[]::new));
        }
        assertThat(seen).doesNotHaveDuplicates();
        assertThat(order.batch(12)).hasSize(4);
    }

    @Test
    void isAFunctionOfSeedAndIndex() {
        var forwards = new BatchOrder(50, 7, true, 9);
        var backwards = new BatchOrder(50, 7, true, 9);
        List<int[]> first = new ArrayList<>();
        for (int index = 0; index < 40; index++) {
            first.add(forwards.batch(index));
        }
        for (int index = 39; index >= 0; index--) {
            assertThat(backwards.batch(index)).containsExactly(first.get(index));
        }
        assertThat(epoch(new BatchOrder(50, 7, true, 10), 0)).isNotEqualTo(epoch(forwards, 0));
    }

    /** A batch as large as can be asked for is the whole epoch. */
    @Test
    void takesAnyBatchSize() {
        var order = new BatchOrder(5, Integer.MAX_VALUE, false, 0);
        assertThat(order.batchesPerEpoch()).isEqualTo(1);
        assertThat(order.batch(3)).containsExactly(0, 1, 2, 3, 4);
        assertThatThrownBy(() -> new BatchOrder(0, 1, true, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BatchOrder(1, 0, true, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
