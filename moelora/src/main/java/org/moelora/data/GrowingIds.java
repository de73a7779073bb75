package org.moelora.data;

import java.util.Arrays;
import java.util.function.Function;

/**
 * The ids of longer and longer beginnings of a text, each of which begins with those of the one before. A beginning is tokenised as a whole, as far
 * as that leaves the ids before it as they are; else what it has more is tokenised apart. It is read again only from the last place where tokenising
 * may begin again, so that many beginnings take no longer than the whole. Used by one thread.
 */
final class GrowingIds {
    /** Finds where tokenising may begin again. */
    @FunctionalInterface
    interface Restart {
        /** The last such place of a text before {@code to}; {@code from}, which is one, if there is no other. */
        int place(String text, int from, int to);
    }

    private final Function<String, int[]> encode;
    private final Restart restart;
    private final String text;
    private int[] ids = new int[64];
    private int size;
    private int end;
    private int place;
    private int idsBeforePlace;

    GrowingIds(Function<String, int[]> encode, Restart restart, String text) {
        this.encode = encode;
        this.restart = restart;
        this.text = text;
    }

    /** How many ids there are. */
    int size() {
        return size;
    }

    /** The ids from one on. */
    int[] from(int index) {
        return Arrays.copyOfRange(ids, index, size);
    }

    /** Goes on to another end of the text, not before the one that it is at. */
    void growTo(int newEnd) {
        int[] read = encode.apply(text.substring(place, newEnd));
        int kept = size - idsBeforePlace;
        if (read.length >= kept && Arrays.equals(read, 0, kept, ids, idsBeforePlace, size)) {
            append(read, kept);
        } else {
            append(encode.apply(text.substring(end, newEnd)), 0);
        }
        end = newEnd;
        int next = restart.place(text, place, end);
        if (next > place) {
            int[] tail = encode.apply(text.substring(next, end));
            if (tail.length <= size && Arrays.equals(tail, 0, tail.length, ids, size - tail.length, size)) {
                place = next;
                idsBeforePlace = size - tail.length;
            }
        }
    }

    private void append(int[] more, int from) {
        int added = more.length - from;
        if (size + added > ids.length) {
            ids = Arrays.copyOf(ids, Math.max(size + added, 2 * ids.length));
        }
        System.arraycopy(more, from, ids, size, added);
        size += added;
    }
}
