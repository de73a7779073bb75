package org.moelora.server.http;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** What a client is sent; knows since when it does not take it. Written by one thread, looked at by another. */
final class SocketOutput extends FilterOutputStream {
    private volatile long since;
    private volatile boolean writing;

    SocketOutput(OutputStream out) {
        super(out);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        since = System.nanoTime();
        writing = true;
        try {
            out.write(bytes, from, length);
        } finally {
            writing = false;
        }
    }

    /** Whether a write has not ended for longer than so many nanoseconds. */
    boolean isStuck(long nanos) {
        return writing && System.nanoTime() - since > nanos;
    }
}
