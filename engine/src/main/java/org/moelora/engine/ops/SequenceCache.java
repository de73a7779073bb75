package org.moelora.engine.ops;

import java.util.List;
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
 * Keys and values of the tokens of one sequence, per layer. Memory is leased by blocks of {@link #BLOCK} tokens as the sequence grows, and given back by {@link
 * #close}. Sequences that are decoded side by side have one each, so that one comes and goes, or grows, without the others: see {@link Step}. Used by one
 * thread.
 */
public final class SequenceCache implements AutoCloseable {
    /** Tokens for which memory is leased at once. */
    public static final int BLOCK = 32;

    private final Device device;
    private final int width;
    private final @Nullable Memory[] keys;
    private final @Nullable Memory[] values;
    private final int[] capacity;
    private int length;

    /**
     * Empty, without any memory yet.
     *
     * @param width kvHeads * headDim
     */
    public SequenceCache(Device device, int layers, int width) {
        this.device = device;
        this.width = width;
        keys = new Memory[layers];
        values = new Memory[layers];
        capacity = new int[layers];
    }

    /** Tokens so far. */
    public int length() {
        return length;
    }

    /** Bytes that are leased now. */
    public long bytes() {
        long tokens = 0;
        for (int each : capacity) {
            tokens += each;
        }
        return 2 * tokens * width * Float.BYTES;
    }

    /** Bytes of a sequence of so many tokens, in whole blocks. */
    public static long bytes(int layers, int width, int tokens) {
        return 2L * layers * blocks(tokens) * width * Float.BYTES;
    }

    /** So many tokens rounded up to whole blocks. */
    private static int blocks(int tokens) {
        return Math.toIntExact(Math.ceilDiv((long) tokens, BLOCK) * BLOCK);
    }

    /** Bytes that {@link #reserve} would lease beyond those that are leased now. */
    public long growth(int tokens, int most) {
        long more = 0;
        int target = target(tokens, most);
        for (int each : capacity) {
            more += Math.max(0, target - each);
        }
        return 2 * more * width * Float.BYTES;
    }

    /** A quarter more than there was, so that copying stays a small part of the work, and no more than the sequence may ever have. */
    private int target(int tokens, int most) {
        int least = Integer.MAX_VALUE;
        for (int each : capacity) {
            least = Math.min(least, each);
        }
        return least >= tokens ? least : Math.min(blocks(most), blocks(Math.max(tokens, least + least / 4)));
    }

    /**
     * Makes room for so many tokens in all.
     *
     * @param most tokens that the sequence may have at its end
     * @throws org.moelora.kernels.OutOfDeviceMemoryException if the device does not have enough memory; the tokens so far are as they were
     */
    public void reserve(int tokens, int most) {
        int target = target(tokens, most);
        for (int layer = 0; layer < keys.length; layer++) {
            if (capacity[layer] < target) {
                resize(layer, target, length);
            }
        }
    }

    /** Gives back the blocks that hold no token. */
    public void shrink() {
        int target = blocks(length);
        for (int layer = 0; layer < keys.length; layer++) {
            if (capacity[layer] > target) {
                resize(layer, target, length);
            }
        }
    }

    private void resize(int layer, int tokens, int filled) {
        Memory freshKeys = device.allocate(DType.F32, (long) tokens * width, Owner.CACHE);
        Memory freshValues;
        try {
            freshValues = device.allocate(DType.F32, (long) tokens * width, Owner.CACHE);
        } catch (RuntimeException | Error e) {
            freshKeys.close();
            throw e;
        }
        move(keys[layer], freshKeys, filled);
        move(values[layer], freshValues, filled);
        keys[layer] = freshKeys;
        values[layer] = freshValues;
        capacity[layer] = tokens;
    }

    private void move(@Nullable Memory old, Memory fresh, int tokens) {
        if (old != null) {
            copy(old, fresh, tokens);
            old.close();
        }
    }

    private void copy(Memory from, Memory to, int tokens) {
        if (tokens > 0) {
            long size = (long) tokens * width;
            device.kernels().elementwise().scale(1, from.slice(0, size), to.slice(0, size));
        }
    }

    /**
     * Takes over the first tokens of another sequence; this one must be empty and have room for them.
     *
     * @param tokens at most as many as the other has
     */
    public void copyFrom(SequenceCache other, int tokens) {
        if (length != 0 || tokens > other.length) {
            throw new IllegalArgumentException(
                    tokens + " tokens of " + other.length + " to put into a sequence of " + length);
        }
        for (int layer = 0; layer < keys.length; layer++) {
            copy(open(other.keys[layer]), open(keys[layer]), tokens);
        }
        for (int layer = 0; layer < keys.length; layer++) {
            copy(open(other.values[layer]), open(values[layer]), tokens);
        }
        length = tokens;
    }

    /** Forgets the tokens behind the first so many. */
    public void truncate(int tokens) {
        if (tokens > length) {
            throw new IllegalArgumentException(tokens + " tokens of " + length);
        }
        length = tokens;
    }

    private static Memory open(@Nullable Memory store) {
        if (store == null) {
            throw new IllegalStateException("the cache is closed, or has no room");
        }
        return store;
    }

    /** Gives everything back; closing twice does nothing. */
    @Override
    public void close() {
        for (int layer = 0; layer < keys.length; layer++) {
            close(keys, layer);
            close(values, layer);
            capacity[layer] = 0;
        }
        length = 0;
    }

    private static void close(@Nullable Memory[] stores, int layer) {
        Memory memory = stores[layer];
        if (memory != null) {
            memory.close();
            stores[layer] = null;
        }
    }

    /**
     * The next tokens of some sequences, one after another as in a batch. Each sequence attends alone, so what comes out for it does not depend on the others. Room
     * has to be {@link #reserve reserved} before. Until {@link #commit} the sequences are as long as before, so that a pass which failed can be made again.
     */
    public static final class Step {
        private final List<SequenceCache> sequences;
        private final int[] starts;
        private final boolean apart;

        /**
         * @param added how many tokens of each sequence come, at least one
         */
        public Step(List<SequenceCache> sequences, int[] added) {
            this(sequences, added, false);
        }

        private Step(List<SequenceCache> sequences, int[] added, boolean apart) {
            this.apart = apart;
            this.sequences = List.copyOf(sequences);
            if (added.length != sequences.size()) {
                throw new IllegalArgumentException(added.length + " counts for " + sequences.size() + " sequences");
            }
            starts = new int[added.length + 1];
            for (int s = 0; s < added.length; s++) {
                starts[s + 1] = starts[s] + added[s];
                for (int room : sequences.get(s).capacity) {
                    if (room - sequences.get(s).length < added[s]) {
                        throw new IllegalArgumentException("a sequence of " + sequences.get(s).length
                                + " tokens has room for " + room + ", and " + added[s] + " come");
                    }
                }
            }
        }

        /** The same in which each row attends in a call of its own, with the bits that it has when it comes alone: for tokens that are decoded, not read. */
        public static Step ofTokens(List<SequenceCache> sequences, int[] added) {
            return new Step(sequences, added, true);
        }

        /** [sequences + 1] first row of each sequence, and their number. */
        public int[] starts() {
            return starts.clone();
        }

        /** The position of each row in its sequence. */
        public int[] positions() {
            int[] positions = new int[starts[sequences.size()]];
            for (int s = 0; s < sequences.size(); s++) {
                for (int row = starts[s]; row < starts[s + 1]; row++) {
                    positions[row] = sequences.get(s).length + row - starts[s];
                }
            }
            return positions;
        }

        /**
         * Writes the rows' keys and values behind those that are there, and attends to all of each sequence. Inference only.
         *
         * @param q [rows, heads * headDim]
         * @param k [rows, kvHeads * headDim]
         * @param v [rows, kvHeads * headDim]
         * @return [rows, heads * headDim]
         */
        public Tensor attend(Tape tape, int layer, Heads heads, Tensor q, Tensor k, Tensor v) {
            int heights = q.shape().rows();
            Tensor logSumExp = tape.tensor(Shape.of(heights, heads.heads()));
            return tape.op("attention on caches")
                    .constant("queries", q)
                    .constant("keys", k)
                    .constant("values", v)
                    .fills(logSumExp)
                    .forward(q.shape(), (of, o) -> {
                        for (int s = 0; s < sequences.size(); s++) {
                            int step = apart ? 1 : starts[s + 1] - starts[s];
                            SequenceCache sequence = sequences.get(s);
                            Memory ofKeys = open(sequence.keys[layer]);
                            Memory ofValues = open(sequence.values[layer]);
                            for (int row = starts[s]; row < starts[s + 1]; row += step) {
                                int before = sequence.length + row - starts[s];
                                sequence.append(of.of(k), row, step, before, ofKeys);
                                sequence.append(of.of(v), row, step, before, ofValues);
                                Ragged rows = new Ragged(new int[] {0, step}, new int[] {0}, new int[] {before + step});
                                Attention.Inputs inputs =
                                        new Attention.Inputs(rows(of.of(q), row, step, q), ofKeys, ofValues);
                                tape.kernels()
                                        .attention()
                                        .forward(
                                                heads.on(rows),
                                                inputs,
                                                rows(o, row, step, q),
                                                rows(of.of(logSumExp), row, step, logSumExp));
                            }
                        }
                    })
                    .withoutBackward();
        }

        /** Some rows of memory laid out as x. */
        private static Memory rows(Memory all, int from, int count, Tensor x) {
            long columns = x.shape().cols();
            return all.slice(from * columns, count * columns);
        }

        /** The pass is through: its tokens are part of the sequences. */
        public void commit() {
            for (int s = 0; s < sequences.size(); s++) {
                sequences.get(s).length += starts[s + 1] - starts[s];
            }
        }
    }

    private void append(Memory rows, int from, int count, int at, Memory store) {
        long size = (long) count * width;
        device.kernels()
                .elementwise()
                .scale(1, rows.slice((long) from * width, size), store.slice((long) at * width, size));
    }
}
