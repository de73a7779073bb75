package org.moelora.text;

import java.text.Normalizer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;

/** What a tokenizer does to a text before it cuts it: Unicode's normal forms, a prefix, replacements, what it leaves out. */
final class Normalizers {
    /** Unicode's normal forms make at most 18 characters of one. */
    private static final long GROWTH = 32;

    private static final long ROOM = 1 << 16;

    private static final int FIRST_MARK = 0x300;
    private static final int MAX_MARKS = 1024;
    private static final int CAPITAL_I_WITH_DOT = 0x130;

    /** One step: a text, and how long the result may be. */
    @FunctionalInterface
    private interface Step {
        String apply(String text, long longest);
    }

    private Normalizers() {}

    /** Reads the field {@code normalizer} of a tokenizer.json; no field changes nothing. */
    static UnaryOperator<String> read(@Nullable JsonObject field) {
        if (field == null) {
            return text -> text;
        }
        return all(
                Steps.of(field, "normalizers").stream().map(Normalizers::step).toList());
    }

    /** Unicode's composed form. */
    static UnaryOperator<String> nfc(String source) {
        return all(List.of(form(Normalizer.Form.NFC, source)));
    }

    private static UnaryOperator<String> all(List<Step> steps) {
        return text -> {
            long longest = GROWTH * text.length() + ROOM;
            String now = text;
            for (Step step : steps) {
                now = step.apply(now, longest);
            }
            return now;
        };
    }

    private static Step step(JsonObject field) {
        return switch (field.string("type")) {
            case "NFC" -> form(Normalizer.Form.NFC, field.source());
            case "NFD" -> form(Normalizer.Form.NFD, field.source());
            case "NFKC" -> form(Normalizer.Form.NFKC, field.source());
            case "NFKD" -> form(Normalizer.Form.NFKD, field.source());
            case "Prepend" -> prepend(field.string("prepend"), field);
            case "Replace" -> Replacement.read(field)::apply;
            case "Lowercase" -> (text, longest) -> lowercase(text);
            case "StripAccents" -> (text, longest) -> withoutMarks(text);
            case "Strip" -> {
                boolean left = field.flag("strip_left", true);
                boolean right = field.flag("strip_right", true);
                yield (text, longest) -> strip(text, left, right);
            }
            case "ByteLevel" -> (text, longest) -> ByteAlphabet.letters(text);
            default ->
                throw field.error(
                        "type",
                        "NFC, NFD, NFKC, NFKD, Prepend, Replace, Lowercase, Strip, StripAccents, ByteLevel or a Sequence"
                                + " of these");
        };
    }

    private static Step form(Normalizer.Form form, String source) {
        return (text, longest) -> {
            checkMarks(text, source);
            String normal = Normalizer.normalize(text, form);
            Replacement.checkLength(normal.length(), longest, source);
            return normal;
        };
    }

    /** Putting marks in order takes the square of their number; Unicode's own limit for streams is 30. */
    private static void checkMarks(String text, String source) {
        int run = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            run = c >= FIRST_MARK && isMark(c) ? run + 1 : 0;
            if (run > MAX_MARKS) {
                throw new InputException(source + ": asks for a normal form of a text with more than " + MAX_MARKS
                        + " combining marks in a row; expected at most as many");
            }
        }
    }

    /** Each character for itself, so that a sigma at a word's end is no other than one within. */
    private static String lowercase(String text) {
        var result = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (c == CAPITAL_I_WITH_DOT) {
                result.append("i\u0307");
            } else {
                result.appendCodePoint(Character.toLowerCase(c));
            }
        });
        return result.toString();
    }

    private static String withoutMarks(String text) {
        var result = new StringBuilder(text.length());
        text.codePoints().filter(c -> !isMark(c)).forEach(result::appendCodePoint);
        return result.toString();
    }

    private static String strip(String text, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && AddedTokens.isSpace(text.charAt(start))) {
            start++;
        }
        while (right && end > start && AddedTokens.isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isMark(int c) {
        int type = Character.getType(c);
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    private static Step prepend(String prefix, JsonObject field) {
        return (text, longest) -> {
            Replacement.checkLength((long) prefix.length() + text.length(), longest, field.source());
            return text.isEmpty() ? text : prefix + text;
        };
    }
}
