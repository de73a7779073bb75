package org.moelora.text;

import java.util.Arrays;

/** A growing row of token ids, without boxes. */
final class IntList {
    private int[] values = new int[16];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    void addAll(int[] more) {
        if (more.length > values.length - size) {
            values = Arrays.copyOf(values, Math.max(2 * values.length, size + more.length));
        }
        System.arraycopy(more, 0, values, size, more.length);
        size += more.length;
    }

    int get(int index) {
        return values[index];
    }

    int size() {
        return size;
    }

    /** The values from an index on. */
    int[] from(int index) {
        return Arrays.copyOfRange(values, index, size);
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
