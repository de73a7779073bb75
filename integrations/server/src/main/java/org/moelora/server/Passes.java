package org.moelora.server;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Passes over the model beside the engine's: one at a time, and a bounded number that waits. Safe for any thread. */
final class Passes {
    private final Semaphore one = new Semaphore(1, true);
    private final int most;

    /**
     * @param most how many may wait
     */
    Passes(int most) {
        this.most = most;
    }

    /** @throws ApiException if too many are waiting */
    <T> T run(Supplier<T> pass) {
        if (one.getQueueLength() >= most) {
            throw ApiException.of(
                    429,
                    "rate_limit_error",
                    "queue_full",
                    most + " requests are waiting, as many as may; expected a later try");
        }
        one.acquireUninterruptibly();
        try {
            return pass.get();
        } finally {
            one.release();
        }
    }
}
