package org.moelora.io;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/** The type checks that {@link JsonObject} and {@link JsonArray} share; the key is a field's name or an element's index. */
final class Values {
    private Values() {}

    static String string(@Nullable Object value, Place parent, Object key) {
        if (value instanceof String text) {
            return text;
        }
        throw refuse(value, parent, key, "a string");
    }

    static int integer(@Nullable Object value, Place parent, Object key) {
        if (value instanceof Long number && number.intValue() == number) {
            return number.intValue();
        }
        throw refuse(value, parent, key, whole(value, "from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE));
    }

    /** What was expected instead of a value that is no integer, or is one and out of range, or looks like one. */
    private static String whole(@Nullable Object value, String range) {
        return switch (value) {
            case Long number -> "an integer " + range;
            case BigInteger number -> "an integer " + range;
            case Double number when number == Math.rint(number) -> "an integer, without a point or an exponent";
            case null, default -> "an integer";
        };
    }

    static long longInteger(@Nullable Object value, Place parent, Object key) {
        if (value instanceof Long number) {
            return number;
        }
        throw refuse(value, parent, key, whole(value, "from -2^63 to 2^63 - 1"));
    }

    static double number(@Nullable Object value, Place parent, Object key) {
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw refuse(value, parent, key, "a number");
    }

    static boolean flag(@Nullable Object value, Place parent, Object key) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw refuse(value, parent, key, "true or false");
    }

    static JsonObject object(@Nullable Object value, Place parent, Object key) {
        if (value instanceof JsonObject object) {
            return object;
        }
        throw refuse(value, parent, key, "an object");
    }

    static JsonArray array(@Nullable Object value, Place parent, Object key) {
        if (value instanceof JsonArray array) {
            return array;
        }
        throw refuse(value, parent, key, "an array");
    }

    private static InputException refuse(@Nullable Object value, Place parent, Object key, String expected) {
        return JsonObject.refuse(parent.child(key), true, value, expected);
    }
}
