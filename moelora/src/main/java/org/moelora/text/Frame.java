package org.moelora.text;

import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/**
 * The ids that a tokenizer puts around a text, such as a beginning-of-sequence token.
 *
 * @param before the ids before the text
 * @param after the ids after the text
 */
record Frame(int[] before, int[] after) {
    private static final int MAX_IDS = 64;

    private static final Frame NONE = new Frame(new int[0], new int[0]);

    /** Reads the field {@code post_processor} of a tokenizer.json, of which only the template for a single text counts. */
    static Frame read(@Nullable JsonObject field) {
        if (field == null) {
            return NONE;
        }
        Frame frame = NONE;
        for (JsonObject step : Steps.of(field, "processors")) {
            frame = step(step).around(frame);
        }
        return frame;
    }

    private static Frame step(JsonObject field) {
        return switch (field.string("type")) {
            // It only trims offsets, which are not used here.
            case "ByteLevel" -> NONE;
            case "TemplateProcessing" -> template(field);
            case "BertProcessing", "RobertaProcessing" ->
                new Frame(new int[] {ofPair(field, "cls")}, new int[] {ofPair(field, "sep")});
            default ->
                throw field.error(
                        "type",
                        "ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing or a Sequence of these");
        };
    }

    /** The id of a field that is a token's text and its id. */
    private static int ofPair(JsonObject field, String name) {
        JsonArray pair = field.array(name);
        if (pair.size() != 2) {
            throw field.error(name, "a token's text and its id");
        }
        return pair.integer(1);
    }

    private static Frame template(JsonObject field) {
        var before = new IntList();
        var after = new IntList();
        boolean seen = false;
        for (JsonObject piece : field.array("single").objects()) {
            JsonObject token = piece.objectOrNull("SpecialToken");
            if (token != null) {
                int[] ids = field.object("special_tokens")
                        .object(token.string("id"))
                        .array("ids")
                        .integers();
                (seen ? after : before).addAll(ids);
                if (before.size() + after.size() > MAX_IDS) {
                    throw field.error("single", "a template with at most " + MAX_IDS + " special tokens");
                }
            } else if (!seen && piece.object("Sequence").string("id").equals("A")) {
                seen = true;
            } else {
                throw field.error("single", "a template with the sequence A once");
            }
        }
        if (!seen) {
            throw field.error("single", "a template with the sequence A once");
        }
        return new Frame(before.toArray(), after.toArray());
    }

    private Frame around(Frame inner) {
        return new Frame(joined(before, inner.before), joined(inner.after, after));
    }

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(IntStream.of(first), IntStream.of(second)).toArray();
    }

    /** An id that is not from 0 to below the vocabulary's size; empty if all are. */
    OptionalInt outside(int vocabularySize) {
        return IntStream.concat(IntStream.of(before), IntStream.of(after))
                .filter(id -> id < 0 || id >= vocabularySize)
                .findFirst();
    }

    Frame withBefore(int... ids) {
        return new Frame(ids, after);
    }

    Frame withAfter(int... ids) {
        return new Frame(before, ids);
    }
}
