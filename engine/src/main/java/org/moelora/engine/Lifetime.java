package org.moelora.engine;

/**
 * Lets one thread close what others may be using. From {@link #close} on nobody comes in any more, which ends whoever wants to at an {@link
 * IllegalStateException}; what is owned is freed when the last of those who are in has left, so that nobody reads memory which belongs to somebody
 * else by then. Closing never waits, and may be done from anywhere, also by those who are in. Thread-safe.
 */
public final class Lifetime implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Lifetime.class.getName());

    private final String owner;
    private final Runnable free;
    private int uses;
    private boolean closed;

    /**
     * @param owner how messages call it, such as "the adapter"
     * @param free frees what is owned; called once
     */
    public Lifetime(String owner, Runnable free) {
        this.owner = owner;
        this.free = free;
    }

    /** A use that has begun. Closing it twice does nothing. */
    public final class Use implements AutoCloseable {
        private boolean ended;

        private Use() {}

        @Override
        public void close() {
            if (leave()) {
                free.run();
            }
        }

        private boolean leave() {
            synchronized (Lifetime.this) {
                if (ended) {
                    return false;
                }
                ended = true;
                uses--;
                return closed && uses == 0;
            }
        }
    }

    /**
     * Begins a use.
     *
     * @throws IllegalStateException if this is closed
     */
    public synchronized Use enter() {
        if (closed) {
            throw new IllegalStateException(owner + " is closed");
        }
        uses++;
        return new Use();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (uses > 0) {
                LOG.log(
                        System.Logger.Level.DEBUG,
                        "{0} is closed and in use: its memory goes when the uses under way, {1}, have ended",
                        owner,
                        uses);
                return;
            }
        }
        free.run();
    }
}
