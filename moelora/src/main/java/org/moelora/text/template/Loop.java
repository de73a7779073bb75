package org.moelora.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** The variable {@code loop}: where a loop is, and what it can be asked to do. */
final class Loop {
    private final Statement.For statement;
    private final Scope scope;
    private final List<? extends @Nullable Object> items;
    private final int depth;
    private int index;
    private @Nullable List<@Nullable Object> seen;

    /**
     * @param scope around the loop
     * @param depth of recursion, 0 for the outermost
     */
    Loop(Statement.For statement, Scope scope, List<? extends @Nullable Object> items, int depth) {
        this.statement = statement;
        this.scope = scope;
        this.items = items;
        this.depth = depth;
    }

    /** Goes to an element. */
    void at(int i) {
        index = i;
    }

    @Nullable Object field(String name) {
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) items.size() - index;
            case "revindex0" -> items.size() - index - 1L;
            case "first" -> index == 0;
            case "last" -> index == items.size() - 1;
            case "length" -> (long) items.size();
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index == 0 ? Undefined.UNDEFINED : items.get(index - 1);
            case "nextitem" -> index == items.size() - 1 ? Undefined.UNDEFINED : items.get(index + 1);
            case "cycle", "changed" -> new Values.Method(this, name);
            default -> Undefined.UNDEFINED;
        };
    }

    Statement.For statement() {
        return statement;
    }

    Scope scope() {
        return scope;
    }

    int depth() {
        return depth;
    }

    /** The methods {@code cycle} and {@code changed}. */
    @Nullable Object call(Limits limits, int line, String name, List<@Nullable Object> values) {
        return switch (name) {
            case "cycle" -> {
                if (values.isEmpty()) {
                    throw limits.error(line, "calls loop.cycle without values");
                }
                yield values.get(index % values.size());
            }
            case "changed" -> {
                boolean same = seen != null && Values.equal(limits, line, seen, values);
                seen = values;
                yield !same;
            }
            default -> throw limits.unsupported(line, "the method loop." + name);
        };
    }
}
