package org.moelora.adapter;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Dropout;
import org.moelora.engine.random.RandomStream;

/**
 * The random numbers of one forward pass in training: functions of {@code (seed, microBatchIndex, name)}, so that a resumed run and a recomputed layer draw
 * what they drew before.
 *
 * @param microBatchIndex of the forward pass in the run, from 0
 */
record RandomDraws(long seed, long microBatchIndex) {
    /** {@code x .* mask / (1 - rate)}, with a mask of this module. */
    Tensor dropout(Tape tape, String module, Tensor x, double rate) {
        return rate == 0
                ? x
                : Dropout.apply(
                        tape, x, (float) rate, stream(module + "/dropout").key());
    }

    /** {@code count} of the indices 0 to {@code of - 1}, ascending. */
    int[] sample(String name, int of, int count) {
        return stream(name).sampleWithoutReplacement(of, count);
    }

    private RandomStream stream(String name) {
        return RandomStream.of(seed, microBatchIndex, name);
    }
}
