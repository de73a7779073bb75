package org.moelora.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/**
 * Strict JSON: RFC 8259 with nothing added, UTF-8 only, no field twice, at most {@value #MAX_DEPTH} levels deep and
 * {@link #MAX_BYTES} and {@link #MAX_VALUES} long, nothing after the value. Whole numbers are exact; fractions are the nearest double, and one
 * too large for a double is refused.
 *
 * <p>What comes out is an immutable {@link JsonObject} whose accessors know the file and the field, so that every
 * complaint is one sentence with both in it. All methods are stateless and thread-safe.
 */
public final class Json {
    /** The deepest nesting of objects and arrays that is read. */
    public static final int MAX_DEPTH = 64;

    /** The longest document that is read as a whole, in bytes: 64 MiB, about twice the largest tokenizer that is in use. */
    public static final int MAX_BYTES = 64 << 20;

    /** The most values that a document, or one row of many, may have: what a value takes in memory is more than it takes in a file. */
    public static final int MAX_VALUES = 1 << 22;

    /** The longest field name, in characters. */
    public static final int MAX_NAME = 1 << 16;

    /**
     * Names are not shared between documents: the table for it has a limit on colliding names that a tokenizer's vocabulary
     * can run into.
     */
    static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_BYTES)
                    .maxNameLength(MAX_NAME)
                    .maxNumberLength(1000)
                    .build())
            .build();

    private static final String ADVICE = ": (expected|was expecting|enable) .*$";

    private Json() {}

    /**
     * Reads a file that holds one JSON object.
     *
     * @throws InputException if it cannot be read, is longer than {@link #MAX_BYTES}, or is not one strict JSON object
     */
    public static JsonObject read(Path file) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1); // not as many as its size says, which may be a lie or change
        } catch (IOException e) {
            throw InputException.unreadable(file, "a JSON file", e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new InputException(
                    file + ": more than " + MAX_BYTES + " bytes are too many; expected a JSON file of at most as many");
        }
        int start = startsWithMark(bytes) ? 3 : 0;
        return parse(decode(bytes, start, bytes.length - start, file.toString()), file.toString());
    }

    /**
     * Reads one JSON object from UTF-8 bytes.
     *
     * @param source what complaints call the text, usually the file
     * @throws InputException if the bytes are not UTF-8, or not one strict JSON object
     */
    public static JsonObject parse(byte[] utf8, String source) {
        return parse(decode(utf8, 0, utf8.length, source), source);
    }

    /**
     * Reads one JSON object from a text.
     *
     * @param source what complaints call the text, usually the file
     * @throws InputException if the text is not one strict JSON object
     */
    public static JsonObject parse(String text, String source) {
        return parse(text, source, false);
    }

    /** The same of a row of data, of which each text has to be whole characters: half of a surrogate pair stands for none. */
    static JsonObject parseRow(String text, String source) {
        return parse(text, source, true);
    }

    private static JsonObject parse(String text, String source, boolean whole) {
        Place place = Place.root(source);
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            JsonReading reading = new JsonReading(parser, source, whole);
            if (first != JsonToken.START_OBJECT) {
                String found = first == null ? "nothing" : shown(reading.value(first, place));
                throw new InputException(source + ": found " + found + "; expected a JSON object");
            }
            JsonObject object = reading.object(place);
            if (parser.nextToken() != null) {
                TokenStreamLocation at = parser.currentTokenLocation();
                throw new InputException(
                        source + ": something follows the JSON object" + where(at) + "; expected the end of the text");
            }
            return object;
        } catch (JacksonException e) {
            throw malformed(source, e);
        }
    }

    /** Whether the bytes begin with the byte order mark that some editors put before UTF-8. */
    static boolean startsWithMark(byte[] bytes) {
        return bytes.length >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
    }

    /** Strict UTF-8: what is malformed is refused, not replaced. */
    static String decode(byte[] bytes, int offset, int length, String source) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, offset, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new InputException(source + ": not UTF-8 text; expected JSON in UTF-8", e);
        }
    }

    static InputException malformed(String source, JacksonException e) {
        TokenStreamLocation at = e.getLocation();
        String found = switch (e) {
            case StreamConstraintsException c -> "nested too deep, or a name, number or text too long";
            case UnexpectedEndOfInputException u -> "it ends in the middle";
            // The library goes on with advice, over several lines at times; its first words say what was found.
            default -> e.getOriginalMessage().lines().findFirst().orElse("").replaceFirst(ADVICE, "");
        };
        return new InputException(
                source + ": not valid JSON" + where(at) + " (" + found + "); expected strict JSON, at most " + MAX_DEPTH
                        + " levels deep",
                e);
    }

    private static String where(@Nullable TokenStreamLocation at) {
        return at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    /** A value as a complaint shows it: short, in JSON's words, on one line. */
    static String shown(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case JsonObject o -> "an object";
            case JsonArray a -> "an array";
            case String s when s.length() > 40 -> JsonWriter.line(cut(s)).replaceFirst("\"$", "...\"");
            default -> JsonWriter.line(value);
        };
    }

    private static String cut(String s) {
        int end = Character.isHighSurrogate(s.charAt(39)) ? 39 : 40;
        return s.substring(0, end);
    }
}
