package org.moelora.train;

/** Asks a training to stop: it finishes its step and writes a checkpoint. May be asked by any thread, at any time; there is no taking back. */
public final class Cancellation {
    private volatile boolean asked;

    /** Not asked for yet. */
    public Cancellation() {}

    public void cancel() {
        asked = true;
    }

    public boolean isCancelled() {
        return asked;
    }
}
