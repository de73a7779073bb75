package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/**
 * Keys and values of the tokens seen so far, per layer, for several sequences that advance side by side. A step appends rows to some
 * sequences: {@link #advance} says how many to which, and every layer then calls {@link #attend}. Memory is leased as sequences grow, twice as much each
 * time, up to a limit. Used by one thread.
 */
public final class KeyValueCache implements AutoCloseable {
    private final Device device;
    private final int most;
    private final int width;
    private final int[] length;
    private final @Nullable Memory[] keys;
    private final @Nullable Memory[] values;
    private int capacity;
    private Ragged rows = new Ragged(new int[] {0}, new int[0], new int[0]);

    /**
     * @param sequences number of sequences
     * @param first tokens of each sequence for which there is room at once
     * @param most tokens that a sequence may have, at least {@code first}
     * @param width kvHeads * headDim
     * @throws org.moelora.kernels.OutOfDeviceMemoryException if the device does not have enough memory
     */
    public KeyValueCache(Device device, int layers, int sequences, int first, int most, int width) {
        if (first < 1 || first > most) {
            throw new IllegalArgumentException("room for " + first + " tokens; expected 1 to " + most);
        }
        this.device = device;
        this.most = most;
        this.width = width;
        this.length = new int[sequences];
        keys = new Memory[layers];
        values = new Memory[layers];
        resize(first);
    }

    /** Tokens of a sequence so far. */
    public int length(int sequence) {
        return length[sequence];
    }

    /** Tokens of each sequence for which there is room now. */
    public int capacity() {
        return capacity;
    }

    /** Bytes that are leased now. */
    public long bytes() {
        return 2L * keys.length * length.length * capacity * width * Float.BYTES;
    }

    private void resize(int tokens) {
        long size = Math.multiplyExact(Math.multiplyExact((long) length.length, tokens), (long) width);
        try {
            for (int layer = 0; layer < keys.length; layer++) {
                resize(keys, layer, size, tokens);
                resize(values, layer, size, tokens);
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
        capacity = tokens;
    }

    private void resize(@Nullable Memory[] stores, int layer, long size, int tokens) {
        Memory fresh = device.allocate(DType.F32, size, Owner.CACHE);
        Memory old = stores[layer];
        stores[layer] = fresh;
        if (old == null) {
            return;
        }
        try (old) {
            for (int s = 0; s < length.length; s++) {
                long filled = (long) length[s] * width;
                if (filled > 0) {
                    device.kernels()
                            .elementwise()
                            .scale(
                                    1,
                                    old.slice((long) s * capacity * width, filled),
                                    fresh.slice((long) s * tokens * width, filled));
                }
            }
        }
    }

    /**
     * Makes room for the next rows: sequence s gets {@code added[s]} of them, in the order of sequences.
     *
     * @return the position of each new row in its sequence
     * @throws IllegalArgumentException if a sequence would have too many tokens
     * @throws org.moelora.kernels.OutOfDeviceMemoryException if the device does not have enough memory; the cache is closed then
     */
    public int[] advance(int[] added) {
        int sequences = length.length;
        int[] queryStart = new int[sequences + 1];
        int longest = 0;
        for (int s = 0; s < sequences; s++) {
            if (added[s] > most - length[s]) {
                throw new IllegalArgumentException("sequence " + s + " needs " + ((long) length[s] + added[s])
                        + " tokens of cache; expected at most " + most);
            }
            longest = Math.max(longest, length[s] + added[s]);
            queryStart[s + 1] = queryStart[s] + added[s];
        }
        if (longest > capacity) {
            resize((int) Math.min(most, Math.max(longest, 2L * capacity)));
        }
        int[] keyStart = new int[sequences];
        int[] positions = new int[queryStart[sequences]];
        for (int s = 0; s < sequences; s++) {
            keyStart[s] = Math.multiplyExact(s, capacity);
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
     * @throws IllegalStateException if this is closed
     */
    public Tensor attend(Tape tape, int layer, Heads heads, Tensor q, Tensor k, Tensor v) {
        Memory ofKeys = open(keys[layer]);
        Memory ofValues = open(values[layer]);
        Attention.Plan plan = heads.on(rows);
        Attention kernels = tape.kernels().attention();
        Tensor logSumExp = tape.tensor(Shape.of(q.shape().rows(), plan.heads()));
        return tape.op("attention on a cache")
                .constant("queries", q)
                .constant("keys", k)
                .constant("values", v)
                .fills(logSumExp)
                .forward(q.shape(), (of, o) -> {
                    append(of.of(k), ofKeys);
                    append(of.of(v), ofValues);
                    kernels.forward(plan, new Attention.Inputs(of.of(q), ofKeys, ofValues), o, of.of(logSumExp));
                })
                .withoutBackward();
    }

    private static Memory open(@Nullable Memory store) {
        if (store == null) {
            throw new IllegalStateException("the cache is closed");
        }
        return store;
    }

    private void append(Memory x, Memory store) {
        for (int s = 0; s < length.length; s++) {
            int from = rows.queryStart()[s];
            int count = rows.queryStart()[s + 1] - from;
            if (count > 0) {
                long size = (long) count * width;
                long row = (long) s * capacity + length[s] - count;
                device.kernels()
                        .elementwise()
                        .scale(1, x.slice((long) from * width, size), store.slice(row * width, size));
            }
        }
    }

    /** Frees everything; closing twice does nothing. */
    @Override
    public void close() {
        for (int layer = 0; layer < keys.length; layer++) {
            free(keys, layer);
            free(values, layer);
        }
    }

    private static void free(@Nullable Memory[] stores, int layer) {
        Memory memory = stores[layer];
        if (memory != null) {
            memory.close();
            stores[layer] = null;
        }
    }
}
