package org.moelora.text;

import java.text.Normalizer;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.io.JsonObject;

/** What a tokenizer does to a text before it cuts it: Unicode's normal forms, a prefix, replacements. */
final class Normalizers {
    private Normalizers() {}

    /** Reads the field {@code normalizer} of a tokenizer.json; no field changes nothing. */
    static UnaryOperator<String> read(@Nullable JsonObject field) {
        if (field == null) {
            return text -> text;
        }
        return switch (field.string("type")) {
            case "Sequence" -> sequence(field.array("normalizers").objects());
            case "NFC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFC);
            case "NFD" -> text -> Normalizer.normalize(text, Normalizer.Form.NFD);
            case "NFKC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKC);
            case "NFKD" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKD);
            case "Prepend" -> prepend(field.string("prepend"));
            case "Replace" -> replace(Patterns.read(field), field.string("content"));
            default -> throw field.error("type", "NFC, NFD, NFKC, NFKD, Prepend, Replace or a Sequence of these");
        };
    }

    private static UnaryOperator<String> sequence(List<JsonObject> fields) {
        List<UnaryOperator<String>> all = fields.stream().map(Normalizers::read).toList();
        return text -> {
            String now = text;
            for (UnaryOperator<String> one : all) {
                now = one.apply(now);
            }
            return now;
        };
    }

    private static UnaryOperator<String> prepend(String prefix) {
        return text -> text.isEmpty() ? text : prefix + text;
    }

    private static UnaryOperator<String> replace(Pattern pattern, String content) {
        String literally = Matcher.quoteReplacement(content);
        return text -> pattern.matcher(text).replaceAll(literally);
    }
}
