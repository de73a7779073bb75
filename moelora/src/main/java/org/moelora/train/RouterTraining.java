package org.moelora.train;

import org.moelora.adapter.RouterPhase;
import org.moelora.engine.InputException;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.SettingTable;
import org.moelora.settings.Settings;

/**
 * How the routers of a mixture learn. Weight decay never reaches them: it would pull every choice towards equal shares.
 *
 * @param rate their learning rate, as a multiple of the others'
 * @param warmUp steps at the beginning in which every expert takes part, with {@code p = softmax(W_g x / T)}; then the gate selects as it will in the end.
 *     A gate that selects k experts gives the others no gradient, so that none can show it would have been better
 * @param temperature T at the first step, which falls linearly to 1 over the warm-up
 * @param alone whether nothing but the routers learns
 */
public record RouterTraining(double rate, WarmUp warmUp, double temperature, boolean alone) {
    private static final SettingTable<RouterTraining> TABLE = new SettingTable<>();

    public static final Setting<RouterTraining, Double> RATE = TABLE.add(Setting.of(
                    "router-learning-rate",
                    Kind.number("a multiple of 0 to 1000000", x -> x >= 0 && x <= 1e6),
                    RouterTraining::rate,
                    1.0,
                    "Learning rate of the routers, as a multiple of --learning-rate: {}.",
                    Part.MIXTURE)
            .sinceAChoice());

    public static final Setting<RouterTraining, WarmUp> WARM_UP = TABLE.add(Setting.of(
                    "router-warmup",
                    WarmUp.KIND,
                    RouterTraining::warmUp,
                    WarmUp.NONE,
                    "Steps at the beginning in which every expert takes part: {} (off).",
                    Part.MIXTURE)
            .sinceAChoice());

    public static final Setting<RouterTraining, Double> TEMPERATURE = TABLE.add(Setting.of(
                    "router-temperature",
                    Kind.number("1 to 1000", x -> x >= 1 && x <= 1000),
                    RouterTraining::temperature,
                    1.0,
                    "Temperature of the routers at the first step of their warm-up, falling to 1: {}.",
                    Part.MIXTURE)
            .sinceAChoice());

    public static final Setting<RouterTraining, Boolean> ALONE = TABLE.add(Setting.of(
                    "router-only",
                    Kind.onOff(),
                    RouterTraining::alone,
                    false,
                    "Train the routers and nothing else; with --init-adapter.",
                    Part.MIXTURE)
            .whereUnusual());

    /** All of them. */
    public static final Settings<RouterTraining> SETTINGS = TABLE.madeBy(
            said -> new RouterTraining(said.get(RATE), said.get(WARM_UP), said.get(TEMPERATURE), said.get(ALONE)));

    /** The learning rate as it is, no warm-up, everything learns. */
    public static final RouterTraining DEFAULT = SETTINGS.defaults();

    /**
     * @throws InputException if a value is out of range
     */
    public RouterTraining {
        RATE.check(rate);
        TEMPERATURE.check(temperature);
        if (alone && rate == 0) {
            throw new InputException("router-learning-rate is 0 where the router alone learns; expected more than 0");
        }
    }

    /** The phase of step {@code now}, from 1, of so many. */
    RouterPhase at(long now, long steps) {
        long dense = warmUp.steps(steps);
        if (now > dense) {
            return RouterPhase.FINAL;
        }
        double left = 1 - (double) now / dense;
        return new RouterPhase(true, 1 + (temperature - 1) * left);
    }
}
