package org.moelora.train;

import org.moelora.engine.InputException;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.SettingTable;
import org.moelora.settings.Settings;

/**
 * When a run that is kept in a folder writes checkpoints. Whatever it says, there is one at the beginning, at the end and where the run is stopped.
 *
 * @param steps one after each multiple of so many steps; 0 for none by steps
 * @param minutes one after so many minutes; 0 for none by time
 * @param keep how many are kept, the newest; more than one so that a damaged one can be passed over
 */
public record CheckpointPolicy(long steps, double minutes, int keep) {
    private static final SettingTable<CheckpointPolicy> TABLE = new SettingTable<>();

    public static final Setting<CheckpointPolicy, Long> STEPS = TABLE.add(Setting.of(
            "checkpoint-every",
            Kind.longWhole("0 (off) or more steps", n -> n >= 0),
            CheckpointPolicy::steps,
            0L,
            "A checkpoint every N steps: {} (off). There is always one where the run ends or is stopped.",
            Part.SURROUNDINGS,
            Part.OUTPUT));

    public static final Setting<CheckpointPolicy, Double> MINUTES = TABLE.add(Setting.of(
            "checkpoint-minutes",
            Kind.number("0 (off) to 1000000 minutes", x -> x >= 0 && x <= 1e6),
            CheckpointPolicy::minutes,
            10.0,
            "A checkpoint every X minutes: {}; 0 is off.",
            Part.SURROUNDINGS,
            Part.OUTPUT));

    public static final Setting<CheckpointPolicy, Integer> KEEP = TABLE.add(Setting.of(
            "keep",
            Kind.whole(1, Integer.MAX_VALUE),
            CheckpointPolicy::keep,
            2,
            "Checkpoints that are kept: {}.",
            Part.SURROUNDINGS,
            Part.OUTPUT));

    /** All of them. */
    public static final Settings<CheckpointPolicy> SETTINGS =
            TABLE.madeBy(said -> new CheckpointPolicy(said.get(STEPS), said.get(MINUTES), said.get(KEEP)));

    /** Every ten minutes, and two are kept. */
    public static final CheckpointPolicy DEFAULT = SETTINGS.defaults();

    /**
     * @throws InputException if a value is out of range
     */
    public CheckpointPolicy {
        STEPS.check(steps);
        MINUTES.check(minutes);
        KEEP.check(keep);
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
