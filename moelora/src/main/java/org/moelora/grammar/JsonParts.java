package org.moelora.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The parts that JSON texts (RFC 8259) consist of. One for each grammar. */
final class JsonParts {
    private static final CodePoints ESCAPED = CodePoints.of("\"\\").with(CodePoints.of(0, 0x1F));

    /** Characters that stand for themselves in a string. */
    private static final CodePoints PLAIN = ESCAPED.complement();

    private static final CodePoints HEX =
            CodePoints.of('0', '9').with(CodePoints.of('a', 'f')).with(CodePoints.of('A', 'F'));

    private final int character;
    private final int any;
    private final int object;

    JsonParts(Rules rules) {
        character = rules.declare(false);
        rules.define(character, Rules.anyOf(List.of(Rules.one(PLAIN), escape())));
        any = rules.declare(false);
        object = rules.declare(true);
        int array = rules.declare(true);
        rules.define(object, objectOf(Rules.sequence(string(0, -1), colon(), any())));
        rules.define(array, array(any(), 0, -1));
        rules.define(
                any,
                Rules.anyOf(List.of(
                        Rules.call(object),
                        Rules.call(array),
                        string(0, -1),
                        number(),
                        Rules.text("true"),
                        Rules.text("false"),
                        Rules.text("null"))));
    }

    /** Any value. */
    Rules.Part any() {
        return Rules.call(any);
    }

    /** Any object. */
    Rules.Part object() {
        return Rules.call(object);
    }

    /** What may stand between two parts: nothing, a space, or a new line with an indentation. */
    static Rules.Part space() {
        return Rules.optional(Rules.anyOf(List.of(
                Rules.text(" "),
                Rules.sequence(Rules.text("\n"), Rules.repeat(Rules.one(CodePoints.of(" \t")), 0, 20)))));
    }

    static Rules.Part colon() {
        return Rules.sequence(space(), Rules.text(":"), space());
    }

    static Rules.Part comma() {
        return Rules.sequence(space(), Rules.text(","), space());
    }

    /** A string of so many characters, -1 for any number. */
    Rules.Part string(int least, int most) {
        return Rules.sequence(Rules.text("\""), Rules.repeat(Rules.call(character), least, most), Rules.text("\""));
    }

    /** A character as an escape; halves of surrogate pairs are not written so. */
    private static Rules.Part escape() {
        Rules.Part hex = Rules.one(HEX);
        Rules.Part code = Rules.anyOf(List.of(
                Rules.sequence(Rules.one(HEX.without(CodePoints.of("dD"))), hex, hex, hex),
                Rules.sequence(Rules.one(CodePoints.of("dD")), Rules.one(CodePoints.of('0', '7')), hex, hex)));
        return Rules.sequence(
                Rules.text("\\"),
                Rules.anyOf(List.of(Rules.one(CodePoints.of("\"\\/bfnrt")), Rules.sequence(Rules.text("u"), code))));
    }

    /** A character of a set, as it stands in a string. */
    static Rules.Part inString(CodePoints set) {
        List<Rules.Part> parts = new ArrayList<>();
        CodePoints plain = set.without(ESCAPED);
        if (!plain.isEmpty()) {
            parts.add(Rules.one(plain));
        }
        ESCAPED.ranges().forEach(range -> {
            for (int c = range.from(); c <= range.to(); c++) {
                if (set.contains(c)) {
                    parts.add(Rules.text(escaped(c)));
                }
            }
        });
        return Rules.anyOf(parts);
    }

    private static String escaped(int c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            default -> "\\u%04x".formatted(c);
        };
    }

    /** A number; every one is in range of a double, and a whole one in range of a long. */
    static Rules.Part number() {
        return Rules.sequence(
                Rules.optional(Rules.text("-")), Digits.between(0, Digits.LARGEST), fraction(), exponent());
    }

    static Rules.Part fraction() {
        return Rules.optional(Rules.sequence(Rules.text("."), Rules.repeat(Digits.digit(0, 9), 1, Digits.MOST)));
    }

    private static Rules.Part exponent() {
        return Rules.optional(Rules.sequence(
                Rules.one(CodePoints.of("eE")),
                Rules.optional(Rules.one(CodePoints.of("+-"))),
                Rules.repeat(Digits.digit(0, 9), 1, 2)));
    }

    /** {@code { member, member }}. */
    private static Rules.Part objectOf(Rules.Part member) {
        return Rules.sequence(
                Rules.text("{"),
                space(),
                Rules.optional(Rules.sequence(member, Rules.repeat(Rules.sequence(comma(), member), 0, -1), space())),
                Rules.text("}"));
    }

    /** {@code [ element, element ]}, -1 for any number. */
    static Rules.Part array(Rules.Part element, int least, int most) {
        Rules.Part more = Rules.repeat(
                Rules.sequence(comma(), element), Math.max(0, least - 1), most < 0 ? -1 : Math.max(0, most - 1));
        Rules.Part some = Rules.sequence(element, more, space());
        Rules.Part inside = most == 0 ? Rules.nothing() : least == 0 ? Rules.optional(some) : some;
        return Rules.sequence(Rules.text("["), space(), inside, Rules.text("]"));
    }

    /** A string that is none of these, without escapes. */
    Rules.Part stringBut(Iterable<String> names) {
        Names root = new Names();
        for (String name : names) {
            Names at = root;
            for (int c : name.codePoints().toArray()) {
                at = at.next.computeIfAbsent(c, unknown -> new Names());
            }
            at.ends = true;
        }
        return Rules.sequence(Rules.text("\""), root.others(), Rules.text("\""));
    }

    /** The characters of some names as a tree. */
    private static final class Names {
        private final Map<Integer, Names> next = new TreeMap<>();
        private boolean ends;

        /** What may follow here in a string that is none of the names. */
        Rules.Part others() {
            List<Rules.Part> parts = new ArrayList<>();
            if (!ends) {
                parts.add(Rules.nothing());
            }
            CodePoints free = PLAIN;
            for (Map.Entry<Integer, Names> entry : next.entrySet()) {
                CodePoints one = CodePoints.of(entry.getKey());
                free = free.without(one);
                if (PLAIN.contains(entry.getKey())) {
                    parts.add(Rules.sequence(Rules.one(one), entry.getValue().others()));
                }
            }
            parts.add(Rules.sequence(Rules.one(free), Rules.repeat(Rules.one(PLAIN), 0, -1)));
            return Rules.anyOf(parts);
        }
    }
}
