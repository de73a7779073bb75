package org.moelora.kernels;

/**
 * The place of a result, above all of a gradient. A {@link Memory} is one itself, and is overwritten; {@link #onto} is added to; {@link #absent}
 * is where nothing asks for the result, and kernels do not compute it. The formulas of kernels say {@code y (+)= ...} for all three.
 */
public sealed interface Sink permits Memory, Sink.Onto, Sink.Absent {
    /**
     * {@code memory += result}.
     *
     * @param memory stays its owner's
     */
    record Onto(Memory memory) implements Sink {
        @Override
        public long length() {
            return memory.length();
        }

        @Override
        public Sink slice(long from, long length) {
            return new Onto(memory.slice(from, length));
        }
    }

    /** See {@link #absent}. */
    record Absent() implements Sink {
        private static final Absent INSTANCE = new Absent();

        @Override
        public long length() {
            return 0;
        }

        @Override
        public Sink slice(long from, long length) {
            return this;
        }
    }

    /** Nothing asks for this result. */
    static Sink absent() {
        return Absent.INSTANCE;
    }

    /** {@code memory += result}. */
    static Sink onto(Memory memory) {
        return new Onto(memory);
    }

    /** Number of elements; none if the sink is absent. */
    long length();

    /** The place of a part of the result; see {@link Memory#slice}. */
    Sink slice(long from, long length);

    default boolean isAbsent() {
        return this instanceof Absent;
    }

    /** Whether the result is added to what stands in the memory. */
    default boolean adds() {
        return this instanceof Onto;
    }

    /**
     * Where the result goes.
     *
     * @throws IllegalStateException if the sink is absent
     */
    default Memory memory() {
        return switch (this) {
            case Memory memory -> memory;
            case Onto onto -> onto.memory;
            case Absent absent -> throw new IllegalStateException("nothing asks for this result, so it has no memory");
        };
    }
}
