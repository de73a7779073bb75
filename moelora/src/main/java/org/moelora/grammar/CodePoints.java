package org.moelora.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A set of Unicode characters as ranges in order that neither touch nor overlap, without halves of surrogate pairs. Immutable. */
record CodePoints(List<Range> ranges) {
    /** All characters from one to another, both included. */
    record Range(int from, int to) {}

    private static final int LAST = Character.MAX_CODE_POINT;

    static final CodePoints ALL = of(0, LAST);

    static final CodePoints NONE = new CodePoints(List.of());

    CodePoints {
        ranges = List.copyOf(ranges);
    }

    static CodePoints of(int from, int to) {
        return normal(List.of(new Range(from, to)));
    }

    static CodePoints of(int single) {
        return of(single, single);
    }

    static CodePoints of(String characters) {
        return normal(characters.codePoints().mapToObj(c -> new Range(c, c)).toList());
    }

    boolean contains(int c) {
        return ranges.stream().anyMatch(range -> range.from <= c && c <= range.to);
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    CodePoints with(CodePoints other) {
        List<Range> all = new ArrayList<>(ranges);
        all.addAll(other.ranges);
        return normal(all);
    }

    CodePoints without(CodePoints other) {
        return complement().with(other).complement();
    }

    CodePoints complement() {
        List<Range> gaps = new ArrayList<>();
        int from = 0;
        for (Range range : ranges) {
            if (range.from > from) {
                gaps.add(new Range(from, range.from - 1));
            }
            from = range.to + 1;
        }
        if (from <= LAST) {
            gaps.add(new Range(from, LAST));
        }
        return normal(gaps);
    }

    private static CodePoints normal(List<Range> all) {
        List<Range> whole = new ArrayList<>();
        for (Range range : all) {
            add(whole, range.from, Math.min(range.to, Character.MIN_SURROGATE - 1));
            add(whole, Math.max(range.from, Character.MAX_SURROGATE + 1), range.to);
        }
        whole.sort(Comparator.comparingInt(Range::from));
        List<Range> merged = new ArrayList<>();
        for (Range range : whole) {
            Range last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && range.from <= last.to + 1) {
                merged.set(merged.size() - 1, new Range(last.from, Math.max(last.to, range.to)));
            } else {
                merged.add(range);
            }
        }
        return new CodePoints(merged);
    }

    private static void add(List<Range> to, int from, int last) {
        if (from <= last) {
            to.add(new Range(from, last));
        }
    }
}
