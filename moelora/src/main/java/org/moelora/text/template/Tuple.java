package org.moelora.text.template;

import java.util.ArrayList;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** A list that Python writes in parentheses, and that equals no list in brackets. */
final class Tuple extends ArrayList<@Nullable Object> {
    private static final long serialVersionUID = 1L;

    Tuple(Collection<? extends @Nullable Object> items) {
        super(items);
    }
}
