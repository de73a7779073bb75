package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.TaskHeads;
import org.moelora.engine.Parameter;
import org.moelora.engine.Pieces;
import org.moelora.engine.optim.AdamW;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;
import org.moelora.testing.Heap;

/** A checkpoint is written and read in pieces: of an adapter and its moments, no more is on the heap than a piece and one parameter. */
class CheckpointHeapTest {
    @TempDir
    private Path temp;

    @Test
    void aCheckpointTakesLessHeapThanItsParametersAndComesBackToTheBit() throws Exception {
        TrainingState state = new TrainingState("run", 3, 9, 3, 0, 0, 0, 1, 1, 0, List.of());
        RunCheckpoint checkpoint = RunCheckpoint.of(temp, 3);
        LoraConfig config = LoraConfig.builder()
                .rank(4096)
                .alpha(1)
                .targets(List.of("q_proj"))
                .build();
        try (Decoder base = Decoder.load(Vectors.path("llama"));
                Adapter adapter = Adapter.create(base, config, 1);
                Adapter other = Adapter.create(base, config, 2);
                AdamW optimizer = new AdamW(adapter.parameters(), AdamW.Config.DEFAULT);
                AdamW restored = new AdamW(other.parameters(), AdamW.Config.DEFAULT)) {
            TaskHeads heads = new TaskHeads(List.of());
            long bytes = Float.BYTES * adapter.parameterCount();
            int i = 0;
            for (Parameter parameter : adapter.parameters().parameters()) {
                int size = Math.toIntExact(parameter.shape().size());
                optimizer.restore(parameter.from(), filled(size, ++i), filled(size, -i));
            }
            // So that nothing is loaded for the first time below.
            checkpoint.write(adapter, LossSettings.NONE, optimizer, heads, state);
            checkpoint.restore(base.with(other), other, restored, heads, state);

            long before = Heap.allocatedBytes();
            checkpoint.write(adapter, LossSettings.NONE, optimizer, heads, state);
            long written = Heap.allocatedBytes();
            checkpoint.restore(base.with(other), other, restored, heads, state);
            long read = Heap.allocatedBytes();

            assertThat(written - before)
                    .as("writing %s bytes three times", bytes)
                    .isLessThan(bytes);
            assertThat(read - written).as("reading %s bytes three times", bytes).isLessThan(2 * bytes);
            assertThat(restored.steps()).isEqualTo(3);
            assertThat(Arrays.deepEquals(restored.moments(), optimizer.moments()))
                    .isTrue();
            for (Parameter parameter : adapter.parameters().parameters()) {
                assertThat(Arrays.equals(
                                other.parameters().get(parameter.name()).toArray(), parameter.toArray()))
                        .as(parameter.name())
                        .isTrue();
            }
        }
    }

    private static float[] filled(int size, int seed) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = seed + i % 1000 / 1000f;
        }
        return values;
    }

    @Test
    void piecesGoOnPastWhatAnArrayHolds() {
        long count = 5L * Integer.MAX_VALUE + 12345;
        List<Long> ends = new ArrayList<>();
        long[] next = {0};
        Pieces.each(count, (from, values) -> {
            if (from != next[0] || values.length > Pieces.MOST) {
                throw new AssertionError("values from " + next[0] + " on are left out or come twice");
            }
            next[0] = from + values.length;
            if (next[0] == count) {
                ends.add(from);
            }
        });
        assertThat(next[0]).isEqualTo(count);
        assertThat(ends).hasSize(1);
        Pieces.each(0, (from, values) -> ends.clear());
        assertThat(ends).hasSize(1);
    }
}
