package org.moelora.text.template;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** Variables that may be set from within a loop. */
final class Namespace extends LinkedHashMap<String, @Nullable Object> {
    private static final long serialVersionUID = 1L;
}
