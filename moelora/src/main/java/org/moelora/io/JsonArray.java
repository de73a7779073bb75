package org.moelora.io;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * A JSON array, read through accessors that each check one type and refuse another with an {@link InputException} that
 * names the file and the element, such as {@code train.jsonl line 3: field "labels[7]" is "x"; expected an integer}. An
 * index outside the array is the caller's mistake, an {@link IndexOutOfBoundsException}. Immutable and thread-safe.
 */
public final class JsonArray {
    private final @Nullable Object[] elements;
    private final Place place;

    JsonArray(@Nullable Object[] elements, Place place) {
        this.elements = elements;
        this.place = place;
    }

    /** How many elements there are. */
    public int size() {
        return elements.length;
    }

    /** The element as Java has it (String, Long, BigInteger, Double, Boolean, JsonObject, JsonArray), null for null. */
    public @Nullable Object get(int index) {
        return elements[index];
    }

    /** The complaint about one element: what it is, and what was expected. */
    public InputException error(int index, String expected) {
        return JsonObject.refuse(place.child(index), true, elements[index], expected);
    }

    /** The complaint about this array as a whole, with its path. */
    public InputException error(String problem) {
        return new InputException(place.sentence() + " " + problem);
    }

    /** A text. */
    public String string(int index) {
        return Values.string(elements[index], place, index);
    }

    /** A whole number of int range. */
    public int integer(int index) {
        return Values.integer(elements[index], place, index);
    }

    /** A whole number of long range. */
    public long longInteger(int index) {
        return Values.longInteger(elements[index], place, index);
    }

    /** A number, whole or not, as the nearest double. */
    public double number(int index) {
        return Values.number(elements[index], place, index);
    }

    /** An object. */
    public JsonObject object(int index) {
        return Values.object(elements[index], place, index);
    }

    /** An array. */
    public JsonArray array(int index) {
        return Values.array(elements[index], place, index);
    }

    /** All elements as texts. */
    public List<String> strings() {
        List<String> all = new ArrayList<>(elements.length);
        for (int i = 0; i < elements.length; i++) {
            all.add(string(i));
        }
        return List.copyOf(all);
    }

    /** All elements as objects. */
    public List<JsonObject> objects() {
        List<JsonObject> all = new ArrayList<>(elements.length);
        for (int i = 0; i < elements.length; i++) {
            all.add(object(i));
        }
        return List.copyOf(all);
    }

    /** All elements as whole numbers of int range. */
    public int[] integers() {
        int[] all = new int[elements.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = integer(i);
        }
        return all;
    }

    /** All elements as whole numbers of long range. */
    long[] longIntegers() {
        long[] all = new long[elements.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = longInteger(i);
        }
        return all;
    }

    /** All elements as numbers. */
    public double[] numbers() {
        double[] all = new double[elements.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = number(i);
        }
        return all;
    }

    /** The array as compact JSON. */
    @Override
    public String toString() {
        return JsonWriter.line(this);
    }
}
