package org.moelora.bench.gemm;

/** {@code C = A B} on operands that are in place, as often as one likes. */
@FunctionalInterface
interface Product extends AutoCloseable {
    /** Multiplies; C holds the result after {@link #close}. */
    void run();

    @Override
    default void close() {}
}
