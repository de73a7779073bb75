package org.moelora.bench.attention;

/** A forward or a backward pass over a {@link Head}, as often as one likes. */
@FunctionalInterface
interface Pass extends AutoCloseable {
    /** The results are in the head after {@link #close}. */
    void run();

    @Override
    default void close() {}
}
