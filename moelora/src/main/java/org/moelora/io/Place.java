package org.moelora.io;

import org.jspecify.annotations.Nullable;

/**
 * Where a JSON value stands, so that a complaint can name it. A chain instead of a text, because most places are never
 * named: a tokenizer has hundreds of thousands.
 *
 * @param source the file, and the line or row in it
 * @param parent the object or array around this value, or null at the root
 * @param key the field's name (String) or the element's index (Integer) within the parent; "" at the root
 */
record Place(String source, @Nullable Place parent, Object key) {
    static Place root(String source) {
        return new Place(source, null, "");
    }

    Place child(Object name) {
        return new Place(source, this, name);
    }

    /** The path from the root, such as {@code rope_scaling.factor} or {@code messages[2].role}; empty at the root. */
    String path() {
        if (parent == null) {
            return "";
        }
        String before = parent.path();
        return switch (key) {
            case Integer index -> before + "[" + index + "]";
            default -> before.isEmpty() ? key.toString() : before + "." + key;
        };
    }

    /** The beginning of every sentence about this place: {@code config.json: field "a.b"}, or only the file at the root. */
    String sentence() {
        return parent == null ? source + ":" : where();
    }

    /** The file, and the path if this is not the root. */
    String where() {
        return parent == null ? source : source + ": field \"" + path() + "\"";
    }
}
