package org.moelora.text.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code a[from:to:step]}, as Python counts. */
final class Slices {
    private Slices() {}

    static Object of(
            Limits limits,
            int line,
            @Nullable Object of,
            @Nullable Object from,
            @Nullable Object to,
            @Nullable Object by) {
        long step = number(limits, line, by, 1);
        if (step == 0 || !(of instanceof String || of instanceof List<?>)) {
            throw limits.error(line, "cuts a slice out of what is no list or string, or with the step 0");
        }
        if (of instanceof String s) {
            limits.elements(line, s.length());
            List<String> characters =
                    s.codePoints().mapToObj(Character::toString).toList();
            return String.join("", slice(limits, line, characters, from, to, step));
        }
        List<?> slice = slice(limits, line, (List<?>) of, from, to, step);
        return of instanceof Tuple ? new Tuple(slice) : slice;
    }

    private static <T extends @Nullable Object> List<T> slice(
            Limits limits, int line, List<T> list, @Nullable Object from, @Nullable Object to, long step) {
        int n = list.size();
        limits.elements(line, n);
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? n : n - 1L;
        long start = from == null ? (step > 0 ? low : high) : place(number(limits, line, from, 0), n, low, high);
        long end = to == null ? (step > 0 ? high : low) : place(number(limits, line, to, 0), n, low, high);
        List<T> result = new ArrayList<>();
        for (long i = start; step > 0 ? i < end : i > end; i += step) {
            result.add(list.get((int) i));
        }
        return result;
    }

    private static long place(long at, int n, long low, long high) {
        return Math.clamp(at < 0 ? at + n : at, low, high);
    }

    private static long number(Limits limits, int line, @Nullable Object value, long otherwise) {
        return switch (value) {
            case null -> otherwise;
            case Long n when Math.abs(n) <= Integer.MAX_VALUE -> n;
            default -> throw limits.error(line, "cuts a slice at what is no number");
        };
    }
}
