package org.moelora.train;

import org.moelora.engine.InputException;

/**
 * When a run that is kept in a folder writes checkpoints. Whatever it says, there is one at the beginning, at the end and where the run is stopped.
 *
 * @param steps one after each multiple of so many steps; 0 for none by steps
 * @param minutes one after so many minutes; 0 for none by time
 * @param keep how many are kept, the newest; more than one so that a damaged one can be passed over
 */
public record CheckpointPolicy(long steps, double minutes, int keep) {
    /** Every ten minutes, and two are kept. */
    public static final CheckpointPolicy DEFAULT = new CheckpointPolicy(0, 10, 2);

    /**
     * @throws InputException if a value is out of range
     */
    public CheckpointPolicy {
        if (steps < 0) {
            throw new InputException("checkpoint-every is " + steps + "; expected 0 (off) or more steps");
        }
        if (!(minutes >= 0 && minutes <= 1e6)) {
            throw new InputException("checkpoint-minutes is " + minutes + "; expected 0 (off) to 1000000 minutes");
        }
        if (keep < 1) {
            throw new InputException("keep is " + keep + "; expected at least 1 checkpoint");
        }
    }

    /** By steps only, and two are kept. */
    public static CheckpointPolicy every(long steps) {
        return new CheckpointPolicy(steps, 0, DEFAULT.keep);
    }

    /**
     * @param step that was just done
     * @param minutesSince minutes since the last checkpoint
     */
    boolean due(long step, double minutesSince) {
        return (steps > 0 && step % steps == 0) || (minutes > 0 && minutesSince >= minutes);
    }
}
