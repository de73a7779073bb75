package org.moelora.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonObject;

/** Cuts a text into the words within which letters are merged. Stateless and thread-safe. */
@FunctionalInterface
interface PreTokenizer {
    /**
     * Cuts each of the pieces further, or writes it in another alphabet; no piece is ever empty.
     *
     * @param first whether the whole text begins with the first of the pieces
     */
    List<String> cut(List<String> pieces, boolean first);

    /** Unicode's punctuation, and what ASCII has beyond it. */
    String PUNCTUATION = "[\\p{P}!-/:-@\\[-`{-~]";

    /** Reads the field {@code pre_tokenizer} of a tokenizer.json. */
    static PreTokenizer read(@Nullable JsonObject field) {
        if (field == null) {
            return (pieces, first) -> pieces;
        }
        List<JsonObject> steps = Steps.of(field, "pretokenizers");
        if (steps.stream()
                        .filter(step -> step.string("type").equals("ByteLevel"))
                        .count()
                > 1) {
            throw field.error("has several steps ByteLevel; expected at most one, as there is one alphabet of bytes");
        }
        List<PreTokenizer> all = steps.stream().map(PreTokenizer::step).toList();
        return (pieces, first) -> {
            List<String> now = pieces;
            for (PreTokenizer one : all) {
                now = one.cut(now, first);
            }
            return now;
        };
    }

    /** Byte-level words: what each expression matches in what the ones before it left is a word, and so is what is between matches. */
    static PreTokenizer ofBytes(List<String> regexes) {
        List<Cut> cuts = regexes.stream()
                .map(regex -> Cut.of(regex, Cut.Behavior.ISOLATED, false))
                .toList();
        return (pieces, first) -> {
            List<String> now = pieces;
            for (Cut cut : cuts) {
                now = cut.cut(now, first);
            }
            return now.stream().map(ByteAlphabet::letters).toList();
        };
    }

    private static PreTokenizer step(JsonObject field) {
        return switch (field.string("type")) {
            case "ByteLevel" -> byteLevel(field.flag("add_prefix_space", true), field.flag("use_regex", true));
            case "Digits" -> Cut.digits(field.flag("individual_digits", false));
            case "Split" -> Cut.read(field);
            case "Metaspace" -> Metaspace.read(field);
            case "Whitespace" -> Cut.of("\\w+|[^\\w\\s]+", Cut.Behavior.REMOVED, true);
            case "WhitespaceSplit" -> Cut.of("\\s", Cut.Behavior.REMOVED, false);
            case "Punctuation" -> Cut.of(PUNCTUATION, Cut.Behavior.read(field, Cut.Behavior.ISOLATED), false);
            case "BertPreTokenizer" -> {
                PreTokenizer words = Cut.of("\\s", Cut.Behavior.REMOVED, false);
                PreTokenizer signs = Cut.of(PUNCTUATION, Cut.Behavior.ISOLATED, false);
                yield (pieces, first) -> signs.cut(words.cut(pieces, first), first);
            }
            case "CharDelimiterSplit" ->
                new Cut(Regex.literal(field.string("delimiter"), field.source()), Cut.Behavior.REMOVED, false);
            default ->
                throw field.error(
                        "type",
                        "ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, Punctuation, BertPreTokenizer,"
                                + " CharDelimiterSplit or a Sequence of these");
        };
    }

    private static PreTokenizer byteLevel(boolean addPrefixSpace, boolean cuts) {
        return (pieces, first) -> {
            List<String> words = new ArrayList<>();
            for (String piece : pieces) {
                String text = addPrefixSpace && !piece.startsWith(" ") ? " " + piece : piece;
                if (cuts) {
                    Cut.GPT2.cut(text, words);
                } else {
                    words.add(text);
                }
            }
            words.replaceAll(ByteAlphabet::letters);
            return words;
        };
    }

    /**
     * Cuts where an expression matches.
     *
     * @param behavior what becomes of the matches
     * @param invert whether the matches are what the pattern leaves over
     */
    record Cut(Regex regex, Behavior behavior, boolean invert) implements PreTokenizer {
        /** The pattern that GPT-2's published encoder splits words by. */
        static final Cut GPT2 = new Cut(Regex.of(WordScanner.GPT2.regex()), Behavior.ISOLATED, false);

        /** What becomes of the text that matched. */
        enum Behavior {
            /** Dropped. */
            REMOVED("Removed"),
            /** A piece of its own. */
            ISOLATED("Isolated"),
            /** The end of the piece before. */
            MERGED_WITH_PREVIOUS("MergedWithPrevious"),
            /** The beginning of the piece after. */
            MERGED_WITH_NEXT("MergedWithNext"),
            /** Neighbouring matches together are one piece. */
            CONTIGUOUS("Contiguous");

            final String word;

            Behavior(String word) {
                this.word = word;
            }

            /** Reads the field {@code behavior}. */
            static Behavior read(JsonObject field, @Nullable Behavior otherwise) {
                if (otherwise != null && !field.has("behavior")) {
                    return otherwise;
                }
                String word = field.string("behavior");
                for (Behavior behavior : values()) {
                    if (behavior.word.equals(word)) {
                        return behavior;
                    }
                }
                throw field.error(
                        "behavior",
                        "one of " + Arrays.stream(values()).map(b -> b.word).collect(Collectors.joining(", ")));
            }
        }

        private record Span(int start, int end, boolean match) {}

        static Cut read(JsonObject field) {
            return new Cut(Regex.read(field), Behavior.read(field, null), field.flag("invert", false));
        }

        static Cut of(String regex, Behavior behavior, boolean invert) {
            return new Cut(Regex.of(regex), behavior, invert);
        }

        static Cut digits(boolean individual) {
            return new Cut(Regex.of("\\p{N}"), individual ? Behavior.ISOLATED : Behavior.CONTIGUOUS, false);
        }

        @Override
        public List<String> cut(List<String> pieces, boolean first) {
            List<String> words = new ArrayList<>();
            for (String piece : pieces) {
                cut(piece, words);
            }
            return words;
        }

        void cut(String text, List<String> words) {
            if (behavior == Behavior.ISOLATED) {
                isolate(text, words);
                return;
            }
            List<Span> spans = spans(text);
            for (int i = 0; i < spans.size(); i++) {
                Span span = spans.get(i);
                int last = i;
                if (behavior == Behavior.CONTIGUOUS) {
                    while (last + 1 < spans.size() && spans.get(last + 1).match() == span.match()) {
                        last++;
                    }
                }
                // Of neighbouring matches only the outermost is merged; the others stay pieces of their own.
                if (behavior == Behavior.MERGED_WITH_PREVIOUS
                        && !span.match()
                        && i + 1 < spans.size()
                        && spans.get(i + 1).match()) {
                    last++;
                }
                if (behavior == Behavior.MERGED_WITH_NEXT
                        && span.match()
                        && i + 1 < spans.size()
                        && !spans.get(i + 1).match()) {
                    last++;
                }
                int end = spans.get(last).end();
                i = last;
                if (end > span.start() && !(behavior == Behavior.REMOVED && span.match())) {
                    words.add(text.substring(span.start(), end));
                }
            }
        }

        /** Matches and what is between them are pieces alike, whichever of them is what. */
        private void isolate(String text, List<String> words) {
            Regex.Search search = regex.in(text);
            int done = 0;
            while (search.next()) {
                add(text, done, search.start(), words);
                add(text, search.start(), search.end(), words);
                done = search.end();
            }
            add(text, done, text.length(), words);
        }

        private static void add(String text, int from, int to, List<String> words) {
            if (to > from) {
                words.add(text.substring(from, to));
            }
        }

        /** Matches and what is between them, in order and without a gap. */
        private List<Span> spans(String text) {
            List<Span> spans = new ArrayList<>();
            Regex.Search search = regex.in(text);
            int done = 0;
            while (search.next()) {
                if (search.start() > done) {
                    spans.add(new Span(done, search.start(), invert));
                }
                spans.add(new Span(search.start(), search.end(), !invert));
                done = search.end();
            }
            if (done < text.length()) {
                spans.add(new Span(done, text.length(), invert));
            }
            return spans;
        }
    }
}
