package org.moelora.text.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** Filters that put elements in order, count them or deal them out. */
final class Sequences {
    private final Limits limits;
    private final Expressions expressions;

    Sequences(Limits limits, Expressions expressions) {
        this.limits = limits;
        this.expressions = expressions;
    }

    @Nullable Object apply(int line, String name, @Nullable Object value, Arguments arguments) {
        return switch (name) {
            case "dictsort" -> sortedMap(line, value, arguments);
            case "sort" -> sorted(line, value, arguments);
            case "unique" -> unique(line, value, arguments);
            case "min", "max" -> extreme(line, name.equals("max"), value, arguments);
            case "groupby" -> grouped(line, value, arguments);
            case "sum" -> sum(line, value, arguments);
            case "batch" -> batches(line, value, arguments);
            case "slice" -> slices(line, value, arguments);
            default -> throw limits.unsupported(line, "the filter " + name);
        };
    }

    private Comparator<@Nullable Object> order(int line) {
        return (a, b) -> {
            limits.step(line);
            return Operators.order(limits, line, a, b);
        };
    }

    /** What an element is compared by: itself or a field, in lower case unless case counts. */
    private @Nullable Object key(int line, @Nullable Object item, Arguments arguments) {
        Object attribute = arguments.get("attribute", null);
        return folded(attribute == null ? item : expressions.path(line, item, attribute), arguments);
    }

    private static @Nullable Object folded(@Nullable Object key, Arguments arguments) {
        return key instanceof String s && !arguments.flag("case_sensitive", false) ? s.toLowerCase(Locale.ROOT) : key;
    }

    private List<@Nullable Object> sortedMap(int line, @Nullable Object value, Arguments arguments) {
        if (!(value instanceof Map<?, ?> map)) {
            throw limits.error(line, "has the filter dictsort on what is no map");
        }
        int by = switch (String.valueOf(arguments.get("by", "key"))) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw limits.error(line, "sorts a map by what is not key or value");
        };
        List<@Nullable Object> items = new ArrayList<>(new Methods(limits).items(line, map));
        Comparator<@Nullable Object> order = order(line);
        Comparator<@Nullable Object> byKey =
                (a, b) -> order.compare(folded(part(a, by), arguments), folded(part(b, by), arguments));
        items.sort(arguments.flag("reverse", false) ? byKey.reversed() : byKey);
        return items;
    }

    private static @Nullable Object part(@Nullable Object pair, int at) {
        return pair instanceof List<?> list ? list.get(at) : null;
    }

    private List<@Nullable Object> sorted(int line, @Nullable Object value, Arguments arguments) {
        if (arguments.get("attribute", null) instanceof String s && s.indexOf(',') >= 0) {
            throw limits.unsupported(line, "the filter sort by several attributes");
        }
        List<@Nullable Object> items =
                limits.list(line, new ArrayList<@Nullable Object>(expressions.iterable(line, value)));
        Comparator<@Nullable Object> order = order(line);
        Comparator<@Nullable Object> byKey = (a, b) -> order.compare(key(line, a, arguments), key(line, b, arguments));
        items.sort(arguments.flag("reverse", false) ? byKey.reversed() : byKey);
        return items;
    }

    private List<@Nullable Object> unique(int line, @Nullable Object value, Arguments arguments) {
        List<@Nullable Object> keys = new ArrayList<>();
        List<@Nullable Object> result = new ArrayList<>();
        for (Object item : expressions.iterable(line, value)) {
            Object key = key(line, item, arguments);
            boolean known = false;
            for (Object other : keys) {
                limits.step(line);
                known |= Values.equal(limits, line, other, key);
            }
            if (!known) {
                keys.add(key);
                result.add(item);
            }
        }
        return limits.list(line, result);
    }

    private @Nullable Object extreme(int line, boolean highest, @Nullable Object value, Arguments arguments) {
        Object best = Undefined.UNDEFINED;
        Object bestKey = null;
        Comparator<@Nullable Object> order = order(line);
        boolean first = true;
        for (Object item : expressions.iterable(line, value)) {
            Object key = key(line, item, arguments);
            int sign = first ? 1 : highest ? order.compare(key, bestKey) : order.compare(bestKey, key);
            if (sign > 0) {
                best = item;
                bestKey = key;
            }
            first = false;
        }
        return best;
    }

    private List<@Nullable Object> grouped(int line, @Nullable Object value, Arguments arguments) {
        if (!arguments.has("attribute")) {
            throw limits.error(line, "groups by a field without its name");
        }
        List<@Nullable Object> items = new ArrayList<>(expressions.iterable(line, value));
        Comparator<@Nullable Object> order = order(line);
        items.sort((a, b) -> order.compare(groupKey(line, a, arguments, true), groupKey(line, b, arguments, true)));
        List<@Nullable Object> groups = new ArrayList<>();
        List<@Nullable Object> group = new ArrayList<>();
        Object last = null;
        for (Object item : items) {
            Object key = groupKey(line, item, arguments, true);
            if (group.isEmpty() || !Values.equal(limits, line, last, key)) {
                group = new ArrayList<>();
                List<@Nullable Object> pair = new ArrayList<>();
                pair.add(groupKey(line, item, arguments, false));
                pair.add(group);
                groups.add(new Group(pair));
                last = key;
            }
            group.add(item);
        }
        limits.elements(line, items.size());
        return limits.list(line, groups);
    }

    private @Nullable Object groupKey(int line, @Nullable Object item, Arguments arguments, boolean folded) {
        Object key = expressions.path(line, item, arguments.get("attribute", null));
        key = key instanceof Undefined ? arguments.get("default", key) : key;
        return folded && key instanceof String s ? s.toLowerCase(Locale.ROOT) : key;
    }

    private Object sum(int line, @Nullable Object value, Arguments arguments) {
        Object total = arguments.get("start", 0L);
        Object attribute = arguments.get("attribute", null);
        for (Object item : expressions.iterable(line, value)) {
            limits.step(line);
            Object part = attribute == null ? item : expressions.path(line, item, attribute);
            total = Operators.apply(limits, line, "+", total, part);
        }
        return total == null ? 0L : total;
    }

    private int count(int line, Arguments arguments, String name) {
        int count = arguments.whole(name, 0);
        if (count < 1 || count > 1 << 20) {
            throw limits.error(line, "deals out a list by " + count);
        }
        return count;
    }

    private List<@Nullable Object> batches(int line, @Nullable Object value, Arguments arguments) {
        int size = count(line, arguments, "linecount");
        List<@Nullable Object> batches = new ArrayList<>();
        List<@Nullable Object> batch = new ArrayList<>();
        for (Object item : expressions.iterable(line, value)) {
            limits.elements(line, 1);
            if (batch.size() == size || batches.isEmpty()) {
                batch = new ArrayList<>();
                batches.add(batch);
            }
            batch.add(item);
        }
        Object fill = arguments.get("fill_with", null);
        while (fill != null && !batches.isEmpty() && batch.size() < size) {
            limits.elements(line, 1);
            batch.add(fill);
        }
        return limits.list(line, batches);
    }

    private List<@Nullable Object> slices(int line, @Nullable Object value, Arguments arguments) {
        int count = count(line, arguments, "slices");
        List<?> all = expressions.iterable(line, value);
        limits.elements(line, (long) count + all.size());
        int each = all.size() / count;
        int longer = all.size() % count;
        Object fill = arguments.get("fill_with", null);
        List<@Nullable Object> slices = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < count; i++) {
            int size = each + (i < longer ? 1 : 0);
            List<@Nullable Object> slice = new ArrayList<>(all.subList(at, at + size));
            if (fill != null && i >= longer) {
                slice.add(fill);
            }
            slices.add(slice);
            at += size;
        }
        return slices;
    }

    /** A pair that also has names for its parts. */
    static final class Group extends ArrayList<@Nullable Object> {
        private static final long serialVersionUID = 1L;

        Group(List<@Nullable Object> pair) {
            super(pair);
        }

        @Nullable Object field(String name) {
            return switch (name) {
                case "grouper" -> get(0);
                case "list" -> get(1);
                default -> Undefined.UNDEFINED;
            };
        }
    }
}
