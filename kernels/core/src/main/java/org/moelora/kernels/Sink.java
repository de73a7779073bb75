package org.moelora.kernels;

import org.jspecify.annotations.Nullable;

/**
 * The place of a result, above all of a gradient: absent, where nothing asks for it and kernels do not compute it; fresh, where it overwrites; or
 * one that it is added to, where something stands already.
 */
public final class Sink {
    /** Nothing asks for this result. */
    public static final Sink ABSENT = new Sink(null, false);

    private final @Nullable Memory memory;
    private final boolean adds;

    private Sink(@Nullable Memory memory, boolean adds) {
        this.memory = memory;
        this.adds = adds;
    }

    /** {@code memory = result}. */
    public static Sink fresh(Memory memory) {
        return new Sink(memory, false);
    }

    /** {@code memory += result}. */
    public static Sink onto(Memory memory) {
        return new Sink(memory, true);
    }

    public boolean isAbsent() {
        return memory == null;
    }

    /** Whether the result is added to what stands in the memory. */
    public boolean adds() {
        return adds;
    }

    /**
     * @throws IllegalStateException if the sink is absent
     */
    public Memory memory() {
        Memory here = memory;
        if (here == null) {
            throw new IllegalStateException("nothing asks for this result, so it has no memory");
        }
        return here;
    }

    @Override
    public String toString() {
        return isAbsent() ? "absent" : adds ? "added to" : "fresh";
    }
}
