package org.moelora.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.JsonTokenId;

/** Makes values of a parser's tokens: a document's, or one row's. Used by one thread, once. */
final class JsonReading {
    private final JsonParser parser;
    private final String source;
    private final boolean whole;
    private int values;
    private long characters;

    /**
     * @param whole whether texts have to be whole characters
     */
    JsonReading(JsonParser parser, String source, boolean whole) {
        this.parser = parser;
        this.source = source;
        this.whole = whole;
    }

    /** Reads the object whose opening brace is the parser's current token. */
    JsonObject object(Place place) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        String name;
        while ((name = parser.nextName()) != null) {
            if (fields.containsKey(name)) {
                throw new InputException(place.child(name).sentence() + " is there twice; expected it once");
            }
            count(name.length());
            fields.put(name, value(parser.nextToken(), place, name));
        }
        return new JsonObject(fields, place);
    }

    private JsonArray array(Place place) {
        List<@Nullable Object> elements = new ArrayList<>();
        JsonToken token;
        while ((token = parser.nextToken()) != JsonToken.END_ARRAY) {
            elements.add(value(token, place, elements.size()));
        }
        return new JsonArray(elements.toArray(), place);
    }

    private @Nullable Object value(JsonToken token, Place parent, Object key) {
        Object value = token.isStructStart() || token == JsonToken.VALUE_NUMBER_FLOAT
                ? value(token, parent.child(key))
                : value(token, parent);
        if (whole && value instanceof String text) {
            checkWhole(text, parent, key);
        }
        return value;
    }

    private static void checkWhole(String text, Place parent, Object key) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1))) {
                i++;
                continue;
            }
            throw new InputException(parent.child(key).sentence() + " has half of a surrogate pair, \\u"
                    + Integer.toHexString(c) + ", at character " + i + "; expected whole characters");
        }
    }

    /** The value that begins with the parser's current token. */
    @Nullable Object value(JsonToken token, Place place) {
        if (++values > Json.MAX_VALUES) {
            throw new InputException(source + ": more than " + Json.MAX_VALUES + " values; expected at most as many");
        }
        return switch (token.id()) {
            case JsonTokenId.ID_START_OBJECT -> object(place);
            case JsonTokenId.ID_START_ARRAY -> array(place);
            case JsonTokenId.ID_STRING -> string();
            case JsonTokenId.ID_NUMBER_INT -> whole();
            case JsonTokenId.ID_NUMBER_FLOAT -> fraction(place);
            case JsonTokenId.ID_TRUE -> true;
            case JsonTokenId.ID_FALSE -> false;
            case JsonTokenId.ID_NULL -> null;
            default -> throw new IllegalStateException("JSON token " + token);
        };
    }

    private String string() {
        String text = parser.getString();
        count(text.length());
        return text;
    }

    private void count(int more) {
        characters += more;
        if (characters > Json.MAX_BYTES) {
            throw new InputException(
                    source + ": more than " + Json.MAX_BYTES + " characters of text; expected at most as many");
        }
    }

    private Number whole() {
        if (parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
            return parser.getLongValue();
        }
        return parser.getBigIntegerValue();
    }

    private Double fraction(Place place) {
        double value = parser.getDoubleValue();
        if (Double.isInfinite(value)) {
            throw new InputException(
                    place.sentence() + " is " + parser.getString() + "; expected a number that a double can hold");
        }
        return value;
    }
}
