package org.moelora.data;

import java.util.List;
import java.util.Locale;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;

/** What becomes of a row with more tokens than the limit. */
public enum LongRows {
    /** It is cut from the end. */
    CUT,
    /** It is left out. */
    SKIP,
    /** It is a mistake, which stops the reading. */
    REFUSE;

    /** As the command line writes it: {@code cut}, {@code skip} or {@code refuse}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads an {@link #id}.
     *
     * @throws InputException naming the flag, if it is none
     */
    public static LongRows parse(String flag, String text) {
        for (LongRows fate : values()) {
            if (fate.id().equals(text)) {
                return fate;
            }
        }
        throw new InputException(flag + " is \"" + text + "\"; expected cut, skip or refuse"
                + Spelling.suggestion(text, List.of("cut", "skip", "refuse")));
    }
}
