package org.moelora.text;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.io.JsonObject;

/**
 * The ids that a tokenizer puts around a text, such as a beginning-of-sequence token.
 *
 * @param before the ids before the text
 * @param after the ids after the text
 */
record Frame(int[] before, int[] after) {
    private static final Frame NONE = new Frame(new int[0], new int[0]);

    /** Reads the field {@code post_processor} of a tokenizer.json, of which only the template for a single text counts. */
    static Frame read(@Nullable JsonObject field) {
        if (field == null) {
            return NONE;
        }
        return switch (field.string("type")) {
            case "Sequence" -> {
                Frame frame = NONE;
                for (JsonObject processor : field.array("processors").objects()) {
                    frame = read(processor).around(frame);
                }
                yield frame;
            }
            // It only trims offsets, which nobody here asks for.
            case "ByteLevel" -> NONE;
            case "TemplateProcessing" -> template(field);
            default -> throw field.error("type", "ByteLevel, TemplateProcessing or a Sequence of these");
        };
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

    /** The highest id of the frame, -1 for none. */
    int highestId() {
        return List.of(before, after).stream().flatMapToInt(IntStream::of).max().orElse(-1);
    }

    Frame withBefore(int... ids) {
        return new Frame(ids, after);
    }

    Frame withAfter(int... ids) {
        return new Frame(before, ids);
    }
}
