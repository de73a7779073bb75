package org.moelora.grammar;

import java.util.ArrayList;
import java.util.List;

/** Whole numbers between two others, in decimal without leading zeros. */
final class Digits {
    /** The most digits of a number before its point, and behind it. */
    static final int MOST = 15;

    /** The largest number of so many digits. */
    static final long LARGEST = 999_999_999_999_999L;

    private Digits() {}

    /** One digit of those. */
    static Rules.Part digit(int from, int to) {
        return Rules.one(CodePoints.of('0' + from, '0' + to));
    }

    /**
     * @param least at least {@code -LARGEST}
     * @param most at most {@code LARGEST}, and not less
     */
    static Rules.Part between(long least, long most) {
        List<Rules.Part> parts = new ArrayList<>();
        if (least < 0) {
            parts.add(Rules.sequence(Rules.text("-"), positive(Math.max(1, -most), -least)));
        }
        if (most >= 0) {
            parts.add(positive(Math.max(0, least), most));
        }
        return Rules.anyOf(parts);
    }

    private static Rules.Part positive(long least, long most) {
        List<Rules.Part> parts = new ArrayList<>();
        long from = least;
        while (from <= most) {
            int length = Long.toString(from).length();
            long to = Math.min(most, power(length) - 1);
            parts.add(sameLength(Long.toString(from), Long.toString(to)));
            from = to + 1;
        }
        return Rules.anyOf(parts);
    }

    private static long power(int tens) {
        long power = 1;
        for (int i = 0; i < tens; i++) {
            power *= 10;
        }
        return power;
    }

    private static Rules.Part sameLength(String low, String high) {
        int rest = low.length() - 1;
        if (rest < 0) {
            return Rules.nothing();
        }
        int first = low.charAt(0) - '0';
        int last = high.charAt(0) - '0';
        String zeros = "0".repeat(rest);
        String nines = "9".repeat(rest);
        if (first == last) {
            return Rules.sequence(digit(first, first), sameLength(low.substring(1), high.substring(1)));
        }
        List<Rules.Part> parts = new ArrayList<>();
        int wholeFrom = first;
        int wholeTo = last;
        if (!low.substring(1).equals(zeros)) {
            parts.add(Rules.sequence(digit(first, first), sameLength(low.substring(1), nines)));
            wholeFrom++;
        }
        if (!high.substring(1).equals(nines)) {
            parts.add(Rules.sequence(digit(last, last), sameLength(zeros, high.substring(1))));
            wholeTo--;
        }
        if (wholeFrom <= wholeTo) {
            parts.add(Rules.sequence(digit(wholeFrom, wholeTo), Rules.repeat(digit(0, 9), rest, rest)));
        }
        return Rules.anyOf(parts);
    }
}
