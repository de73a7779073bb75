package org.moelora.text.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a filter or a method by the names that Python has for them, whether they were given by place or by name. */
final class Arguments {
    private final Limits limits;
    private final int line;
    private final String what;
    private final Map<String, @Nullable Object> byName = new HashMap<>();

    /**
     * @param what for complaints, such as {@code the filter join}
     * @param names in order
     * @throws org.moelora.engine.InputException for an argument that has no place there
     */
    Arguments(
            Limits limits,
            int line,
            String what,
            List<String> names,
            List<@Nullable Object> values,
            Map<String, @Nullable Object> named) {
        this.limits = limits;
        this.line = line;
        this.what = what;
        if (values.size() > names.size()) {
            throw limits.unsupported(line, what + " with " + values.size() + " arguments");
        }
        for (int i = 0; i < values.size(); i++) {
            byName.put(names.get(i), values.get(i));
        }
        named.forEach((name, value) -> {
            if (!names.contains(name) || byName.containsKey(name)) {
                throw limits.unsupported(line, what + " with the argument " + name);
            }
            byName.put(name, value);
        });
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    @Nullable Object get(String name, @Nullable Object otherwise) {
        return byName.containsKey(name) ? byName.get(name) : otherwise;
    }

    boolean flag(String name, boolean otherwise) {
        return byName.containsKey(name) ? Values.truth(byName.get(name)) : otherwise;
    }

    /** A whole number from -2^31 to 2^31 - 1. */
    int whole(String name, int otherwise) {
        if (!byName.containsKey(name)) {
            return otherwise;
        }
        if (!(Numbers.of(byName.get(name)) instanceof Long n) || n != (int) (long) n) {
            throw wrong(name, "whole number");
        }
        return (int) (long) n;
    }

    String text(String name) {
        if (!(byName.get(name) instanceof String text)) {
            throw wrong(name, "text");
        }
        return text;
    }

    /** A text, or null where there is none or none is given. */
    @Nullable String textOrNull(String name) {
        return byName.get(name) == null ? null : text(name);
    }

    private RuntimeException wrong(String name, String kind) {
        return limits.error(line, "has " + what + " with a " + name + " that is no " + kind);
    }
}
