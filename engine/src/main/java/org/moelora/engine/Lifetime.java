package org.moelora.engine;

/**
 * A reference count that lets one thread close a resource which others are using. After {@link #close} no new use begins: an attempt throws
 * {@link IllegalStateException}. The resource is freed when its last use ends, so no thread reads memory that has been freed or reused. Closing
 * never waits, and a thread may close what it is using itself. Thread-safe.
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

        /** What is used. */
        Lifetime lifetime() {
            return Lifetime.this;
        }

        /** Another use, also where what is used has been closed meanwhile: it is not freed as long as this one lasts. */
        Use again() {
            synchronized (Lifetime.this) {
                if (ended) {
                    throw new IllegalStateException(owner + " is not in use any more");
                }
                uses++;
                return new Use();
            }
        }

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
