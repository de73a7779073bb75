package org.moelora.text.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Variables, over those of the scope around it. What is set here is gone with it. */
final class Scope {
    private final @Nullable Scope around;
    private final Map<String, @Nullable Object> variables = new HashMap<>();

    Scope(@Nullable Scope around) {
        this.around = around;
    }

    void set(String name, @Nullable Object value) {
        variables.put(name, value);
    }

    @Nullable Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            if (scope.variables.containsKey(name)) {
                return scope.variables.get(name);
            }
        }
        return Values.Undefined.UNDEFINED;
    }
}
