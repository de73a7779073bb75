package org.moelora.data;

import java.util.Locale;

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
}
