package org.moelora.text;

import java.util.ArrayList;
import java.util.List;
import org.moelora.io.JsonObject;

/**
 * Sentencepiece's words: a mark takes the place of each space, one is put before the text, and each mark begins a word. Immutable and
 * thread-safe.
 *
 * @param mark what stands for a space
 * @param prepend where a mark is put before
 * @param words what cuts, if the words are merged apart from one another
 */
record Metaspace(String mark, Prepend prepend, List<PreTokenizer.Cut> words) implements PreTokenizer {
    /** Which texts get a mark before them, if they do not begin with one. */
    enum Prepend {
        /** The beginning of the text, and what follows an added token. */
        ALWAYS,
        /** The beginning of the text only. */
        FIRST,
        NEVER
    }

    static Metaspace read(JsonObject field) {
        String mark = field.string("replacement", "\u2581");
        if (mark.codePointCount(0, mark.length()) != 1) {
            throw field.error("replacement", "one character");
        }
        boolean cuts = field.flag("split", true);
        return new Metaspace(
                mark,
                prepend(field),
                cuts
                        ? List.of(new Cut(Regex.literal(mark, field.source()), Cut.Behavior.MERGED_WITH_NEXT, false))
                        : List.of());
    }

    /** The field {@code prepend_scheme}, or {@code add_prefix_space} of files that are older than it. */
    static Prepend prepend(JsonObject field) {
        String scheme = field.string("prepend_scheme", field.flag("add_prefix_space", true) ? "always" : "never");
        return switch (scheme) {
            case "always" -> Prepend.ALWAYS;
            case "first" -> Prepend.FIRST;
            case "never" -> Prepend.NEVER;
            default -> throw field.error("prepend_scheme", "always, first or never");
        };
    }

    @Override
    public List<String> cut(List<String> pieces, boolean first) {
        List<String> result = new ArrayList<>();
        boolean begins = first;
        for (String piece : pieces) {
            String text = piece.replace(" ", mark);
            boolean wanted = prepend == Prepend.ALWAYS || (prepend == Prepend.FIRST && begins);
            result.add(wanted && !text.startsWith(mark) ? mark + text : text);
            begins = false;
        }
        List<String> cut = result;
        for (Cut word : words) {
            cut = word.cut(cut, first);
        }
        return cut;
    }
}
