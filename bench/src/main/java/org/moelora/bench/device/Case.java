package org.moelora.bench.device;

/**
 * A call to measure.
 *
 * @param kernel its name and sizes
 * @param flops operations, a multiply-add being two; 0 if the call is bound by memory
 * @param bytes of all operands together, as if none were in a cache
 * @param call starts it, and need not wait
 */
record Case(String kernel, double flops, double bytes, Runnable call) {
    /** A call that is bound by arithmetic. */
    static Case multiplyAdds(String kernel, double count, Runnable call) {
        return new Case(kernel, 2 * count, 0, call);
    }

    /** A call that is bound by memory. */
    static Case bytes(String kernel, double bytes, Runnable call) {
        return new Case(kernel, 0, bytes, call);
    }
}
