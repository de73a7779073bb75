package org.moelora.text;

import java.text.Normalizer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.io.JsonObject;

/** What a tokenizer does to a text before it cuts it: Unicode's normal forms, a prefix, replacements. */
final class Normalizers {
    /** Unicode's normal forms make at most 18 characters of one. */
    private static final long GROWTH = 32;

    private static final long ROOM = 1 << 16;

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
        List<Step> steps =
                Steps.of(field, "normalizers").stream().map(Normalizers::step).toList();
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
            case "NFC" -> form(Normalizer.Form.NFC, field);
            case "NFD" -> form(Normalizer.Form.NFD, field);
            case "NFKC" -> form(Normalizer.Form.NFKC, field);
            case "NFKD" -> form(Normalizer.Form.NFKD, field);
            case "Prepend" -> prepend(field.string("prepend"), field);
            case "Replace" -> Replacement.read(field)::apply;
            default -> throw field.error("type", "NFC, NFD, NFKC, NFKD, Prepend, Replace or a Sequence of these");
        };
    }

    private static Step form(Normalizer.Form form, JsonObject field) {
        return (text, longest) -> {
            String normal = Normalizer.normalize(text, form);
            Replacement.checkLength(normal.length(), longest, field.source());
            return normal;
        };
    }

    private static Step prepend(String prefix, JsonObject field) {
        return (text, longest) -> {
            Replacement.checkLength((long) prefix.length() + text.length(), longest, field.source());
            return text.isEmpty() ? text : prefix + text;
        };
    }
}
