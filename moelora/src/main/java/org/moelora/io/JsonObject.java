package org.moelora.io;

import java.math.BigInteger;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * A JSON object: its fields in the file's order, read through accessors that each check one type.
 *
 * <p>An accessor without a default wants the field to be there. One with a default takes it for a field that is missing
 * or null, as configurations mean it; a value of another type is refused either way. Every refusal is an
 * {@link InputException} of the form {@code config.json: field "hidden_size" is missing; expected a positive integer}.
 * Immutable and thread-safe.
 */
public final class JsonObject {
    private final Map<String, @Nullable Object> fields;
    private final Place place;

    JsonObject(Map<String, @Nullable Object> fields, Place place) {
        this.fields = fields;
        this.place = place;
    }

    /** The file this was read from, with the line or row where there are several: how complaints begin. */
    public String source() {
        return place.source();
    }

    /** The fields' names in the order of the file. */
    public Set<String> names() {
        return java.util.Collections.unmodifiableSet(fields.keySet());
    }

    /** Whether the field is there and not null. */
    public boolean has(String name) {
        return fields.get(name) != null;
    }

    /** The field's value as Java has it (String, Long, BigInteger, Double, Boolean, JsonObject, JsonArray), null if missing or null. */
    public @Nullable Object get(String name) {
        return fields.get(name);
    }

    /** The complaint about one field: what it is (or that it is missing), and what was expected. */
    public InputException error(String name, String expected) {
        return refuse(place.child(name), fields.containsKey(name), fields.get(name), expected);
    }

    /** The file, and the object's own path if it is not the root: how complaints about it begin. */
    public String where() {
        return place.where();
    }

    /** The complaint about this object as a whole: {@code FILE: PROBLEM}, with the object's own path if it is not the root. */
    public InputException error(String problem) {
        return new InputException(place.sentence() + " " + problem);
    }

    /** A text. */
    public String string(String name) {
        return Values.string(present(name, "a string"), place, name);
    }

    /** A text, or the default if the field is missing or null. */
    public String string(String name, String otherwise) {
        return has(name) ? string(name) : otherwise;
    }

    /** A text, or null if the field is missing or null. */
    public @Nullable String stringOrNull(String name) {
        return has(name) ? string(name) : null;
    }

    /** A whole number of int range. */
    public int integer(String name) {
        return Values.integer(present(name, "an integer"), place, name);
    }

    /** A whole number of int range, or the default if the field is missing or null. */
    public int integer(String name, int otherwise) {
        return has(name) ? integer(name) : otherwise;
    }

    /** A whole number of int range, or empty if the field is missing or null. */
    public OptionalInt optionalInteger(String name) {
        return has(name) ? OptionalInt.of(integer(name)) : OptionalInt.empty();
    }

    /** A whole number of int range that is at least 1. */
    public int positiveInteger(String name) {
        Object value = present(name, "a positive integer");
        if (value instanceof Long number && number >= 1 && number <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw error(
                name,
                (value instanceof Long number && number > 0) || (value instanceof BigInteger big && big.signum() > 0)
                        ? "an integer from 1 to " + Integer.MAX_VALUE
                        : "a positive integer");
    }

    /** A whole number of int range that is at least 1, or the default if the field is missing or null. */
    public int positiveInteger(String name, int otherwise) {
        return has(name) ? positiveInteger(name) : otherwise;
    }

    /** A whole number of long range. */
    public long longInteger(String name) {
        return Values.longInteger(present(name, "an integer"), place, name);
    }

    /** A number, whole or not, as the nearest double. */
    public double number(String name) {
        return Values.number(present(name, "a number"), place, name);
    }

    /** A number, or the default if the field is missing or null. */
    public double number(String name, double otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    /** True or false. */
    public boolean flag(String name) {
        return Values.flag(present(name, "true or false"), place, name);
    }

    /** True or false, or the default if the field is missing or null. */
    public boolean flag(String name, boolean otherwise) {
        return has(name) ? flag(name) : otherwise;
    }

    /** An object. */
    public JsonObject object(String name) {
        return Values.object(present(name, "an object"), place, name);
    }

    /** An object, or null if the field is missing or null. */
    public @Nullable JsonObject objectOrNull(String name) {
        return has(name) ? object(name) : null;
    }

    /** An array. */
    public JsonArray array(String name) {
        return Values.array(present(name, "an array"), place, name);
    }

    /** An array, or null if the field is missing or null. */
    public @Nullable JsonArray arrayOrNull(String name) {
        return has(name) ? array(name) : null;
    }

    private Object present(String name, String expected) {
        Object value = fields.get(name);
        if (value == null) {
            throw error(name, expected);
        }
        return value;
    }

    static InputException refuse(Place place, boolean there, @Nullable Object value, String expected) {
        String found = there ? "is " + Json.shown(value) : "is missing";
        return new InputException(place.sentence() + " " + found + "; expected " + expected);
    }

    /** The object as compact JSON. */
    @Override
    public String toString() {
        return JsonWriter.line(this);
    }
}
