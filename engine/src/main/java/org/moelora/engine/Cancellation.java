package org.moelora.engine;

/**
 * Asks work that another thread does to stop soon: a training finishes its step and writes a checkpoint, a text ends between two layers. Any
 * thread may ask, at any time, and asking cannot be taken back.
 */
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
