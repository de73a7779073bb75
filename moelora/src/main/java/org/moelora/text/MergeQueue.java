package org.moelora.text;

import java.util.Arrays;

/** A heap of possible merges: the lowest rank comes first, among equal ranks the leftmost. */
final class MergeQueue {
    private long[] heap;
    private int size;
    private long taken;

    MergeQueue(int capacity) {
        heap = new long[Math.max(1, capacity)];
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(int rank, int position) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        long entry = (long) rank << 32 | position;
        int at = size++;
        while (at > 0 && heap[(at - 1) / 2] > entry) {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap[at] = entry;
    }

    /** How many were taken out, the measure of a merge's work. */
    long taken() {
        return taken;
    }

    /** Takes out the first: its rank in the high, its position in the low 32 bits. */
    long remove() {
        taken++;
        long first = heap[0];
        long last = heap[--size];
        int at = 0;
        int child;
        while ((child = 2 * at + 1) < size) {
            if (child + 1 < size && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return first;
    }
}
