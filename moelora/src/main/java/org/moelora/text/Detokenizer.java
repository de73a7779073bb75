package org.moelora.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonObject;

/**
 * How tokens become text again: each token becomes bytes, and the bytes together are UTF-8.
 *
 * @param bytes from a token of the model's vocabulary to its bytes
 * @param leadingSpaces how many spaces are dropped from the beginning of the whole text, if they are there
 */
record Detokenizer(Function<String, byte[]> bytes, int leadingSpaces) {
    /** Of the text that a token may become. */
    private static final int LONGEST_TOKEN = 1 << 18;

    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-Fa-f]{2}>");

    /** Reads the field {@code decoder} of a tokenizer.json: {@code ByteLevel}, or sentencepiece's chain. */
    static Detokenizer read(JsonObject root) {
        JsonObject field = root.objectOrNull("decoder");
        if (field == null) {
            throw root.error("decoder", "a ByteLevel decoder, or a Sequence that decodes sentencepiece tokens");
        }
        List<JsonObject> steps = Steps.of(field, "decoders");
        boolean ofBytes = steps.stream().anyMatch(step -> step.string("type").equals("ByteLevel"));
        if (ofBytes) { // bytes are joined anyway
            steps = steps.stream()
                    .filter(step -> !step.string("type").equals("Fuse"))
                    .toList();
        }
        if (steps.size() == 1 && steps.getFirst().string("type").equals("ByteLevel")) {
            return ofBytes();
        }
        return pieces(steps);
    }

    /** Tokens in the alphabet of bytes. */
    static Detokenizer ofBytes() {
        return new Detokenizer(Detokenizer::byteLevel, 0);
    }

    /**
     * Sentencepiece's tokens: a mark for each space, and tokens for bytes.
     *
     * @param leadingSpaces how many spaces encoding puts before a text
     */
    static Detokenizer ofPieces(String mark, int leadingSpaces) {
        return new Detokenizer(
                token -> {
                    byte[] single = singleByte(token);
                    return single != null ? single : token.replace(mark, " ").getBytes(StandardCharsets.UTF_8);
                },
                leadingSpaces);
    }

    private static byte @Nullable [] singleByte(String token) {
        return BYTE.matcher(token).matches() ? new byte[] {(byte) Integer.parseInt(token, 3, 5, 16)} : null;
    }

    /** A token that is not all in the byte alphabet stands for itself. */
    private static byte[] byteLevel(String token) {
        byte[] bytes = ByteAlphabet.bytes(token);
        return bytes != null ? bytes : token.getBytes(StandardCharsets.UTF_8);
    }

    /** Replacements and byte tokens first, then the pieces are joined (Fuse), then spaces go from the beginning (Strip). */
    private static Detokenizer pieces(List<JsonObject> steps) {
        List<Replacement> replacements = new ArrayList<>();
        boolean hasByteTokens = false;
        boolean joined = false;
        int leadingSpaces = 0;
        for (JsonObject step : steps) {
            String type = step.string("type");
            if (type.equals("Replace") && !joined) {
                replacements.add(Replacement.read(step));
            } else if (type.equals("Metaspace") && !joined) {
                Regex mark = Regex.literal(step.string("replacement", "\u2581"), step.source());
                replacements.add(new Replacement(mark, " ", step.source()));
                leadingSpaces += Metaspace.prepend(step) == Metaspace.Prepend.NEVER ? 0 : 1;
            } else if (type.equals("ByteFallback") && !joined) {
                hasByteTokens = true;
            } else if (type.equals("Fuse")) {
                joined = true;
            } else if (type.equals("Strip") && joined) {
                leadingSpaces += leadingSpaces(step);
            } else {
                throw step.error(
                        "type",
                        "ByteLevel alone, or a Sequence of Replace or Metaspace, ByteFallback, Fuse and Strip, in this"
                                + " order");
            }
        }
        boolean bytes = hasByteTokens;
        return new Detokenizer(
                token -> {
                    byte[] single = bytes ? singleByte(token) : null;
                    if (single != null) {
                        return single;
                    }
                    String text = token;
                    for (Replacement replacement : replacements) {
                        text = replacement.apply(text, LONGEST_TOKEN);
                    }
                    return text.getBytes(StandardCharsets.UTF_8);
                },
                leadingSpaces);
    }

    private static int leadingSpaces(JsonObject strip) {
        if (!strip.string("content").equals(" ")) {
            throw strip.error("content", "a space");
        }
        if (strip.integer("stop", 0) != 0) {
            throw strip.error("stop", "0, since the end of a text that is still being written is not known");
        }
        int start = strip.integer("start", 0);
        if (start < 0 || start > LONGEST_TOKEN) {
            throw strip.error("start", "0 to " + LONGEST_TOKEN);
        }
        return start;
    }
}
