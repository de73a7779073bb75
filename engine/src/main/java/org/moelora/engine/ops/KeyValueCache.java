package org.moelora.engine.ops;

import org.moelora.engine.Leases;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/**
 * Keys and values of the tokens seen so far, per layer, for several sequences that advance side by side. A step appends rows to some
 * sequences: {@link #advance} says how many to which, and every layer then calls {@link #attend}. Used by one thread.
 */
public final class KeyValueCache implements AutoCloseable {
    private final Device device;
    private final int capacity;
    private final int width;
    private final int[] length;
    private final Leases leases;
    private final Memory[] keys;
    private final Memory[] values;
    private Ragged rows = new Ragged(new int[] {0}, new int[0], new int[0]);

    /**
     * @param sequences number of sequences
     * @param capacity most tokens of one sequence
     * @param width kvHeads * headDim
     */
    public KeyValueCache(Device device, int layers, int sequences, int capacity, int width) {
        this.device = device;
        this.capacity = capacity;
        this.width = width;
        this.length = new int[sequences];
        keys = new Memory[layers];
        values = new Memory[layers];
        long size = Math.multiplyExact((long) sequences * capacity, width);
        leases = new Leases(device, Owner.CACHE);
        for (int layer = 0; layer < layers; layer++) {
            keys[layer] = leases.floats(size);
            values[layer] = leases.floats(size);
        }
    }

    /** Tokens of a sequence so far. */
    public int length(int sequence) {
        return length[sequence];
    }

    /** Most tokens of one sequence. */
    public int capacity() {
        return capacity;
    }

    /**
     * Makes room for the next rows: sequence s gets {@code added[s]} of them, in the order of sequences.
     *
     * @return the position of each new row in its sequence
     * @throws IllegalArgumentException if a sequence would outgrow its capacity
     */
    public int[] advance(int[] added) {
        int sequences = length.length;
        int[] queryStart = new int[sequences + 1];
        int[] keyStart = new int[sequences];
        for (int s = 0; s < sequences; s++) {
            if (length[s] + added[s] > capacity) {
                throw new IllegalArgumentException("sequence " + s + " needs " + (length[s] + added[s])
                        + " tokens of cache; expected at most " + capacity);
            }
            queryStart[s + 1] = queryStart[s] + added[s];
            keyStart[s] = s * capacity;
        }
        int[] positions = new int[queryStart[sequences]];
        for (int s = 0; s < sequences; s++) {
            for (int i = queryStart[s]; i < queryStart[s + 1]; i++) {
                positions[i] = length[s]++;
            }
        }
        rows = new Ragged(queryStart, keyStart, length);
        return positions;
    }

    /**
     * Appends the keys and values of the rows announced by {@link #advance} and attends to all so far. Inference only.
     *
     * @param q [rows, heads * headDim]
     * @param k [rows, kvHeads * headDim]
     * @param v [rows, kvHeads * headDim]
     * @return [rows, heads * headDim]
     */
    public Tensor attend(Tape tape, int layer, Heads heads, Tensor q, Tensor k, Tensor v) {
        append(k, keys[layer]);
        append(v, values[layer]);
        return CausalAttention.cached(tape, heads.on(rows), q, keys[layer], values[layer]);
    }

    private void append(Tensor x, Memory store) {
        for (int s = 0; s < length.length; s++) {
            int from = rows.queryStart()[s];
            int count = rows.queryStart()[s + 1] - from;
            if (count > 0) {
                long size = (long) count * width;
                long row = (long) s * capacity + length[s] - count;
                device.kernels()
                        .elementwise()
                        .scale(1, x.memory().slice((long) from * width, size), store.slice(row * width, size), false);
            }
        }
    }

    @Override
    public void close() {
        leases.close();
    }
}
