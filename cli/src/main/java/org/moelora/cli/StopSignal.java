package org.moelora.cli;

import java.io.PrintStream;
import java.util.concurrent.CountDownLatch;
import org.moelora.engine.Cancellation;

/**
 * While it is open, the first Ctrl-C or SIGTERM cancels a training instead of ending the process, which ends as soon as this is closed. The
 * exit code is then the signal's: 130 or 143.
 */
final class StopSignal implements AutoCloseable {
    private final Cancellation cancellation = new Cancellation();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final PrintStream err;
    private final Thread hook = new Thread(this::stop, "stop");

    StopSignal(PrintStream err) {
        this.err = err;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    Cancellation cancellation() {
        return cancellation;
    }

    private void stop() {
        err.println("moelora: stopping after this step");
        cancellation.cancel();
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        if (!cancellation.isCancelled()) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                return; // the signal came just now: there is nothing left to stop
            }
        }
    }
}
