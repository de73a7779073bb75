package org.moelora.server.http;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection. Its own thread reads requests; while another one answers, it waits for the client's next byte, so that it knows at once when the client has gone.
 */
final class HttpConnection {
    private static final System.Logger LOG = System.getLogger(HttpConnection.class.getName());
    private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    /** How much of a refused request is read so that its client sees the answer. */
    private static final int MOST_DISCARDED = 4 << 20;

    private static final Duration DISCARDING = Duration.ofSeconds(2);

    private final Socket socket;
    private final HttpLimits limits;
    private final HttpListener.Handler handler;
    private final SocketInput in;
    private final SocketOutput out;
    private final Object state = new Object();
    /** The last one, answered or not; null before the first. */
    private @Nullable Exchange current;

    private boolean busy;
    private boolean ending;

    HttpConnection(Socket socket, HttpLimits limits, HttpListener.Handler handler) throws IOException {
        this.socket = socket;
        this.limits = limits;
        this.handler = handler;
        socket.setTcpNoDelay(true);
        in = new SocketInput(socket);
        out = new SocketOutput(socket.getOutputStream());
    }

    /** Answers requests until the client or the server ends. */
    void serve() {
        try (socket) {
            boolean goesOn = true;
            while (goesOn && in.await(limits.idle())) {
                goesOn = serveOne();
            }
        } catch (SocketTimeoutException e) {
            LOG.log(System.Logger.Level.DEBUG, "a connection was idle", e);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a client has gone", e);
        }
    }

    private boolean serveOne() throws IOException {
        HttpRequest request;
        in.due(limits.receive());
        try {
            request = new RequestReader(in, limits, this::goOn).read();
        } catch (HttpException e) {
            refuse(e);
            return false;
        } catch (SocketTimeoutException e) {
            refuse(new HttpException(
                    408, "the request was not there in " + limits.receive() + "; expected it in that time"));
            return false;
        }
        Exchange exchange = new Exchange(request, out);
        synchronized (state) {
            current = exchange;
            busy = true;
            if (ending) {
                exchange.closesBehind();
            }
        }
        Thread thread = Thread.ofVirtual().name("moelora-request").start(() -> answer(exchange));
        boolean here = watch(exchange, thread);
        join(thread);
        return here && exchange.keepsAlive();
    }

    private void goOn() {
        try {
            out.write(CONTINUE);
            out.flush();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a client has gone", e); // reading its body will tell
        }
    }

    private void answer(Exchange exchange) {
        try {
            handler.handle(exchange);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a client has gone", e);
            close();
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "a request failed", e);
            close();
        } finally {
            answered(exchange);
        }
    }

    private void answered(Exchange exchange) {
        exchange.answered();
        synchronized (state) {
            busy = false;
            if (ending) {
                close();
            } else if (!exchange.keepsAlive()) {
                shutdownOutput();
            }
        }
    }

    private void shutdownOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a client has gone", e);
        }
    }

    /** Waits for the client's next byte, while a thread answers; false if the client has gone, or nothing more may come. */
    private boolean watch(Exchange exchange, Thread thread) {
        while (true) {
            boolean wasAnswered = !thread.isAlive();
            try {
                if (in.await(limits.idle())) {
                    return true;
                }
                exchange.gone();
                return false;
            } catch (SocketTimeoutException e) {
                if (wasAnswered) {
                    return false;
                }
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "a client has gone", e);
                exchange.gone();
                return false;
            }
        }
    }

    private static void join(Thread thread) {
        while (true) {
            try {
                thread.join();
                return;
            } catch (InterruptedException e) {
                LOG.log(System.Logger.Level.DEBUG, "nothing interrupts a connection but the end of the JVM", e);
            }
        }
    }

    private void refuse(HttpException e) throws IOException {
        Exchange refused =
                new Exchange(new HttpRequest("GET", "/", 1, Map.of("connection", List.of("close")), new byte[0]), out);
        handler.refuse(refused, e);
        // A socket that is closed with something unread resets the connection, and the client may not see why.
        shutdownOutput();
        in.due(DISCARDING);
        int discarded = 0;
        while (discarded < MOST_DISCARDED) {
            int some = in.read(8192).length;
            if (some < 8192) {
                return;
            }
            discarded += some;
        }
    }

    /** Lets the request that is being answered end, and takes no other. */
    void end() {
        synchronized (state) {
            ending = true;
            if (busy && current != null) {
                current.closesBehind();
            } else {
                close();
            }
        }
    }

    /** Ends now. */
    void abort() {
        Exchange exchange;
        synchronized (state) {
            ending = true;
            exchange = busy ? current : null;
        }
        if (exchange != null) {
            exchange.gone();
        }
        close();
    }

    /** Ends if the client does not take what it is sent. */
    void abortIfStuck() {
        if (out.isStuck(limits.send().toNanos())) {
            abort();
        }
    }

    private void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a connection does not close", e);
        }
    }
}
