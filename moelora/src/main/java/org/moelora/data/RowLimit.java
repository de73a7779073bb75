package org.moelora.data;

import org.moelora.engine.InputException;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.SettingTable;
import org.moelora.settings.Settings;

/**
 * How long rows may be.
 *
 * @param tokens the most tokens of a row; at least 2, as the first token is never predicted
 * @param longer what becomes of a row with more
 */
public record RowLimit(int tokens, LongRows longer) {
    private static final SettingTable<RowLimit> TABLE = new SettingTable<>();

    public static final Setting<RowLimit, Integer> MAX_LENGTH = TABLE.add(Setting.of(
            "max-length",
            Kind.whole(2, Integer.MAX_VALUE),
            RowLimit::tokens,
            512,
            "Most tokens of a row: {}.",
            Part.DATA));

    public static final Setting<RowLimit, LongRows> LONG_ROWS = TABLE.add(Setting.of(
            "long-rows",
            Kind.oneOf(LongRows::id, LongRows.values()),
            RowLimit::longer,
            LongRows.CUT,
            "What becomes of longer rows: {} (default), skip or refuse.",
            Part.DATA));

    /** All of them. */
    public static final Settings<RowLimit> SETTINGS =
            TABLE.madeBy(said -> new RowLimit(said.get(MAX_LENGTH), said.get(LONG_ROWS)));

    /**
     * @throws InputException if a value is out of range
     */
    public RowLimit {
        MAX_LENGTH.check(tokens);
    }

    /** The same, with at most as many tokens as a model has positions. */
    public RowLimit within(int positions) {
        return new RowLimit(Math.clamp(positions, 2, tokens), longer);
    }
}
