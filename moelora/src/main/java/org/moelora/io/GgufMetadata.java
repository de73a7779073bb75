package org.moelora.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * Keys and values of a GGUF file. Values stay in the file until they are asked for, so reading one after the file is closed throws
 * {@link IllegalStateException}. Thread-safe.
 */
public final class GgufMetadata {
    static final int UINT8 = 0;
    static final int INT8 = 1;
    static final int UINT16 = 2;
    static final int INT16 = 3;
    static final int UINT32 = 4;
    static final int INT32 = 5;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;
    static final int UINT64 = 10;
    static final int INT64 = 11;
    static final int FLOAT64 = 12;

    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * A value in the file.
     *
     * @param type of the value, or of each element
     * @param count elements of an array; -1 for a single value
     * @param at where it begins
     */
    record Value(int type, long count, long at) {}

    private final String source;
    private final MemorySegment file;
    private final Map<String, Value> values;

    GgufMetadata(String source, MemorySegment file, Map<String, Value> values) {
        this.source = source;
        this.file = file;
        this.values = Collections.unmodifiableMap(values);
    }

    /** The file it is of, for messages. */
    public String source() {
        return source;
    }

    /** All keys, in the file's order. */
    public Set<String> keys() {
        return values.keySet();
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** How many elements the array of that key has, which is known before any of them is read; 0 if there is no array. */
    public long count(String key) {
        Value value = values.get(key);
        return value == null ? 0 : Math.max(0, value.count);
    }

    /** Whether the key has an array. */
    public boolean isArray(String key) {
        Value value = values.get(key);
        return value != null && value.count >= 0;
    }

    /** Whether a key asks for nothing: it is missing, 0 or false, or an array or a text of no length. */
    public boolean isNeutral(String key) {
        Value value = values.get(key);
        if (value == null || value.count >= 0) {
            return value == null || value.count == 0;
        }
        return switch (value.type) {
            case STRING -> file.get(LONG, value.at) == 0;
            case FLOAT32, FLOAT64 -> number(value.type, value.at) == 0;
            case BOOL -> file.get(ValueLayout.JAVA_BYTE, value.at) == 0;
            default -> integer(value.type, value.at) == 0;
        };
    }

    /** The complaint about one key: what it is (or that it is missing), and what was expected. */
    public InputException error(String key, String expected) {
        Value value = values.get(key);
        String found = value == null ? "is missing" : value.count >= 0 ? "is an array" : "is " + shown(value);
        return new InputException(source + ": key \"" + key + "\" " + found + "; expected " + expected);
    }

    /**
     * The complaint about one element of an array: what it is, and what was expected.
     *
     * @throws IndexOutOfBoundsException if the key has no array with such an element
     */
    public InputException error(String key, int element, String expected) {
        Value value = values.get(key);
        if (value == null || element < 0 || element >= value.count) {
            throw new IndexOutOfBoundsException(element);
        }
        long at = value.at + (long) element * size(value.type);
        for (int i = 0; value.type == STRING && i < element; i++) {
            at += Long.BYTES + file.get(LONG, at);
        }
        return new InputException(source + ": key \"" + key + "\", element " + element + " is "
                + shown(new Value(value.type, -1, at)) + "; expected " + expected);
    }

    private String shown(Value value) {
        return switch (value.type) {
            case STRING -> Json.shown(string(value.at));
            case FLOAT32, FLOAT64 -> Double.toString(number(value.type, value.at));
            case BOOL -> Boolean.toString(file.get(ValueLayout.JAVA_BYTE, value.at) != 0);
            default -> Long.toString(integer(value.type, value.at));
        };
    }

    /**
     * @throws InputException if it is missing or no text
     */
    public String string(String key) {
        Value value = single(key);
        if (value == null || value.type != STRING) {
            throw error(key, "a text");
        }
        return string(value.at);
    }

    public String string(String key, String otherwise) {
        return has(key) ? string(key) : otherwise;
    }

    /**
     * @throws InputException if it is missing or no integer
     */
    public long integer(String key) {
        Value value = single(key);
        if (value == null || !isInteger(value.type)) {
            throw error(key, "an integer");
        }
        return integer(value.type, value.at);
    }

    public long integer(String key, long otherwise) {
        return has(key) ? integer(key) : otherwise;
    }

    /**
     * @throws InputException if it is missing or no number
     */
    public double number(String key) {
        Value value = single(key);
        if (value != null && (value.type == FLOAT32 || value.type == FLOAT64)) {
            return number(value.type, value.at);
        }
        if (value == null || !isInteger(value.type)) {
            throw error(key, "a number");
        }
        return integer(value.type, value.at);
    }

    public double number(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    /**
     * @throws InputException if it is there and neither true nor false
     */
    public boolean flag(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        Value value = single(key);
        if (value == null || value.type != BOOL) {
            throw error(key, "true or false");
        }
        return file.get(ValueLayout.JAVA_BYTE, value.at) != 0;
    }

    /**
     * @throws InputException if it is missing or no array of texts
     */
    public List<String> strings(String key) {
        Value value = array(key);
        if (value == null || value.type != STRING) {
            throw error(key, "an array of texts");
        }
        List<String> texts = new ArrayList<>((int) value.count);
        long at = value.at;
        for (long i = 0; i < value.count; i++) {
            texts.add(string(at));
            at += Long.BYTES + file.get(LONG, at);
        }
        return texts;
    }

    /**
     * @throws InputException if it is missing or no array of numbers
     */
    public float[] floats(String key) {
        Value value = array(key);
        if (value == null || (value.type != FLOAT32 && value.type != FLOAT64 && !isInteger(value.type))) {
            throw error(key, "an array of numbers");
        }
        float[] numbers = new float[(int) value.count];
        for (int i = 0; i < numbers.length; i++) {
            long at = value.at + (long) i * size(value.type);
            numbers[i] = isInteger(value.type) ? integer(value.type, at) : (float) number(value.type, at);
        }
        return numbers;
    }

    /**
     * @throws InputException if it is missing, no array of integers, or one of them has more than 32 bits
     */
    public int[] integers(String key) {
        Value value = array(key);
        if (value == null || !isInteger(value.type)) {
            throw error(key, "an array of integers");
        }
        int[] numbers = new int[(int) value.count];
        for (int i = 0; i < numbers.length; i++) {
            long number = integer(value.type, value.at + (long) i * size(value.type));
            if (number != (int) number) {
                throw error(key, "integers of 32 bits");
            }
            numbers[i] = (int) number;
        }
        return numbers;
    }

    /**
     * Flags: true and false, or integers of which 0 is false.
     *
     * @throws InputException if it is missing or no array of these
     */
    public boolean[] flags(String key) {
        Value value = array(key);
        if (value == null || (value.type != BOOL && !isInteger(value.type))) {
            throw error(key, "an array of flags");
        }
        boolean[] flags = new boolean[(int) value.count];
        for (int i = 0; i < flags.length; i++) {
            long at = value.at + (long) i * size(value.type);
            flags[i] = value.type == BOOL ? file.get(ValueLayout.JAVA_BYTE, at) != 0 : integer(value.type, at) != 0;
        }
        return flags;
    }

    private @Nullable Value single(String key) {
        Value value = values.get(key);
        return value == null || value.count >= 0 ? null : value;
    }

    private @Nullable Value array(String key) {
        Value value = values.get(key);
        return value == null || value.count < 0 || value.count > Integer.MAX_VALUE - 8 ? null : value;
    }

    private String string(long at) {
        byte[] bytes = file.asSlice(at + Long.BYTES, file.get(LONG, at)).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static boolean isInteger(int type) {
        return type <= INT32 || type == UINT64 || type == INT64;
    }

    private long integer(int type, long at) {
        return switch (type) {
            case UINT8 -> Byte.toUnsignedLong(file.get(ValueLayout.JAVA_BYTE, at));
            case INT8 -> file.get(ValueLayout.JAVA_BYTE, at);
            case UINT16 -> Short.toUnsignedLong(file.get(SHORT, at));
            case INT16 -> file.get(SHORT, at);
            case UINT32 -> Integer.toUnsignedLong(file.get(INT, at));
            case INT32 -> file.get(INT, at);
            default -> file.get(LONG, at);
        };
    }

    private double number(int type, long at) {
        return type == FLOAT32 ? file.get(FLOAT, at) : file.get(DOUBLE, at);
    }

    /** Bytes of a value of that type; 0 for texts and arrays, which say it themselves, and for a type that the format does not know. */
    static int size(int type) {
        return switch (type) {
            case UINT8, INT8, BOOL -> 1;
            case UINT16, INT16 -> 2;
            case UINT32, INT32, FLOAT32 -> 4;
            case UINT64, INT64, FLOAT64 -> 8;
            default -> 0;
        };
    }
}
