package org.moelora.server.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;

/** What a client sends, with a time by which it has to have come. Used by the connection's thread. */
final class SocketInput {
    private final Socket socket;
    private final InputStream in;
    private final byte[] buffer = new byte[8192];
    private int at;
    private int end;
    private long due;

    SocketInput(Socket socket) throws IOException {
        this.socket = socket;
        in = socket.getInputStream();
    }

    /** Everything that is read from now on has to be there in so much time. */
    void due(Duration time) {
        due = System.nanoTime() + time.toNanos();
    }

    /**
     * Waits for the next byte without taking it.
     *
     * @return whether there is one: false at the client's end
     * @throws SocketTimeoutException if there is none in time
     */
    boolean await(Duration time) throws IOException {
        if (at < end) {
            return true;
        }
        socket.setSoTimeout((int) Math.max(1, time.toMillis()));
        return fill();
    }

    /** The next byte, or -1 at the client's end. */
    int read() throws IOException {
        if (at == end && !fillInTime()) {
            return -1;
        }
        return buffer[at++] & 0xff;
    }

    /** Reads so many bytes, or fewer at the client's end. */
    byte[] read(int count) throws IOException {
        byte[] bytes = new byte[Math.min(count, buffer.length)]; // what was announced may never come
        int done = 0;
        while (done < count && (at < end || fillInTime())) {
            int some = Math.min(count - done, end - at);
            if (done + some > bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(count, Math.max(done + some, 2L * bytes.length)));
            }
            System.arraycopy(buffer, at, bytes, done, some);
            at += some;
            done += some;
        }
        return done == bytes.length ? bytes : Arrays.copyOf(bytes, done);
    }

    private boolean fillInTime() throws IOException {
        long left = due - System.nanoTime();
        if (left <= 0) {
            throw new SocketTimeoutException("the time to receive a request is over");
        }
        socket.setSoTimeout((int) Math.max(1, left / 1_000_000));
        return fill();
    }

    private boolean fill() throws IOException {
        int count = in.read(buffer, 0, buffer.length);
        at = 0;
        end = Math.max(0, count);
        return count > 0;
    }
}
