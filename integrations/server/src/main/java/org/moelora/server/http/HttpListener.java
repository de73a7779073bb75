package org.moelora.server.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.moelora.engine.InputException;

/**
 * Takes connections and answers their requests, each on a virtual thread. The JDK's {@code com.sun.net.httpserver} does less than a service of long answers needs: its handlers
 * do not learn that a client has gone, and its limits are properties of the whole JVM.
 */
public final class HttpListener implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(HttpListener.class.getName());
    private static final byte[] FULL =
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
                    .getBytes(StandardCharsets.ISO_8859_1);

    /** Answers requests. */
    public interface Handler {
        /**
         * Answers one.
         *
         * @throws IOException if the client has gone
         */
        void handle(Exchange exchange) throws IOException;

        /**
         * Answers what could not be read as a request.
         *
         * @throws IOException if the client has gone
         */
        void refuse(Exchange exchange, HttpException why) throws IOException;
    }

    private final ServerSocket server;
    private final HttpLimits limits;
    private final Handler handler;
    private final Map<HttpConnection, Thread> connections = new ConcurrentHashMap<>();
    private final Thread acceptor;
    private final Thread watcher;
    private volatile boolean closed;
    private volatile boolean over;

    /**
     * Listens from now on.
     *
     * @param address port 0 for a free one
     * @throws InputException if the address cannot be listened on
     */
    public HttpListener(InetSocketAddress address, HttpLimits limits, Handler handler) {
        this.limits = limits;
        this.handler = handler;
        try {
            server = new ServerSocket();
            bind(server, address);
        } catch (IOException e) {
            throw new UncheckedIOException("no socket can be opened", e);
        }
        acceptor = Thread.ofPlatform().daemon().name("moelora-listener").start(this::accept);
        watcher = Thread.ofVirtual().name("moelora-listener-watch").start(this::watch);
    }

    private static void bind(ServerSocket socket, InetSocketAddress address) throws IOException {
        try {
            socket.bind(address, 512);
        } catch (IOException | IllegalArgumentException e) {
            socket.close();
            throw new InputException(
                    address.getHostString() + ":" + address.getPort() + " cannot be listened on (" + e.getMessage()
                            + "); expected an address of this machine and a free port",
                    e);
        }
    }

    /** The address that it listens on. */
    public InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    private void accept() {
        while (!closed) {
            try {
                take(server.accept());
            } catch (IOException e) {
                if (!closed) {
                    LOG.log(System.Logger.Level.WARNING, "a connection could not be taken", e);
                    pause(Duration.ofMillis(50)); // as when there are no more file handles
                }
            }
        }
    }

    private void take(Socket socket) throws IOException {
        HttpConnection connection;
        try {
            if (connections.size() >= limits.connections()) {
                try (socket) {
                    socket.getOutputStream().write(FULL);
                }
                return;
            }
            connection = new HttpConnection(socket, limits, handler);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a client has gone", e);
            socket.close();
            return;
        }
        Thread thread = Thread.ofVirtual().name("moelora-connection").unstarted(() -> {
            try {
                connection.serve();
            } finally {
                connections.remove(connection);
            }
        });
        connections.put(connection, thread);
        thread.start();
        if (closed) {
            connection.end();
        }
    }

    /** Ends connections whose clients do not read. */
    private void watch() {
        long often = Math.clamp(limits.send().toMillis() / 4, 1, 1000);
        while (!over) {
            pause(Duration.ofMillis(often));
            connections.keySet().forEach(HttpConnection::abortIfStuck);
        }
    }

    private void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            LOG.log(System.Logger.Level.TRACE, "the listener ends", e);
        }
    }

    /** How many connections are open. */
    public int connections() {
        return connections.size();
    }

    /** Takes no more connections and requests; those that are being answered go on. */
    public void end() {
        closed = true;
        try {
            server.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the listening socket does not close", e);
        }
        connections.keySet().forEach(HttpConnection::end);
    }

    /** Waits until no connection is left; false if some are after so much time. */
    public boolean await(Duration time) {
        long due = System.nanoTime() + time.toNanos();
        for (Thread thread : connections.values()) {
            try {
                if (!thread.join(Duration.ofNanos(Math.max(1, due - System.nanoTime())))) {
                    return false;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** {@link #end}s, and then ends all connections, whatever they are doing, and waits for the threads. */
    @Override
    public void close() {
        end();
        over = true;
        watcher.interrupt();
        connections.keySet().forEach(HttpConnection::abort);
        boolean interrupted = Thread.interrupted();
        while (!(await(Duration.ofSeconds(1)) && ended(acceptor) && ended(watcher))) {
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean ended(Thread thread) {
        try {
            return thread.join(Duration.ofSeconds(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
