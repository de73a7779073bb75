package org.moelora.kernels.simd;

import java.util.ArrayDeque;
import java.util.function.Supplier;

/** Working buffers between tasks. There are never more of them than tasks that ran at once. */
final class Pool<T> {
    private final Supplier<T> fresh;
    private final ArrayDeque<T> idle = new ArrayDeque<>();

    /**
     * @param fresh makes one more where all are in use
     */
    Pool(Supplier<T> fresh) {
        this.fresh = fresh;
    }

    synchronized T take() {
        T buffers = idle.poll();
        return buffers == null ? fresh.get() : buffers;
    }

    synchronized void free(T buffers) {
        idle.push(buffers);
    }
}
