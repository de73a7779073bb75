package org.moelora.server.http;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One request and its answer. Used by the thread that answers; {@link #onGone} is safe from any. */
public final class Exchange {
    private static final Map<Integer, String> REASONS = Map.ofEntries(
            Map.entry(200, "OK"),
            Map.entry(400, "Bad Request"),
            Map.entry(401, "Unauthorized"),
            Map.entry(403, "Forbidden"),
            Map.entry(404, "Not Found"),
            Map.entry(405, "Method Not Allowed"),
            Map.entry(408, "Request Timeout"),
            Map.entry(409, "Conflict"),
            Map.entry(413, "Content Too Large"),
            Map.entry(415, "Unsupported Media Type"),
            Map.entry(417, "Expectation Failed"),
            Map.entry(421, "Misdirected Request"),
            Map.entry(429, "Too Many Requests"),
            Map.entry(431, "Request Header Fields Too Large"),
            Map.entry(500, "Internal Server Error"),
            Map.entry(501, "Not Implemented"),
            Map.entry(503, "Service Unavailable"),
            Map.entry(505, "HTTP Version Not Supported"));

    private final HttpRequest request;
    private final OutputStream out;
    private final List<Runnable> whenGone = new ArrayList<>();
    private boolean gone;
    private volatile boolean keepsAlive;
    private volatile int status;
    private volatile boolean ended;

    Exchange(HttpRequest request, OutputStream out) {
        this.request = request;
        this.out = new BufferedOutputStream(out, 1 << 16);
        keepsAlive = request.keepsAlive();
    }

    public HttpRequest request() {
        return request;
    }

    /** Runs something once the client has gone; at once if it has. */
    public void onGone(Runnable run) {
        synchronized (whenGone) {
            if (!gone) {
                whenGone.add(run);
                return;
            }
        }
        run.run();
    }

    /** The answer is given: nothing is left that a client could end by going. */
    void answered() {
        synchronized (whenGone) {
            whenGone.clear();
        }
    }

    /** Whether the client has gone, or the server ends at once. */
    public boolean isGone() {
        synchronized (whenGone) {
            return gone;
        }
    }

    /** The client has gone, or the server ends at once. */
    void gone() {
        List<Runnable> runs;
        synchronized (whenGone) {
            gone = true;
            runs = List.copyOf(whenGone);
            whenGone.clear();
        }
        runs.forEach(Runnable::run);
    }

    /** The status that was sent; 0 if none was yet. */
    public int status() {
        return status;
    }

    /** Whether the connection may have another request. */
    boolean keepsAlive() {
        return keepsAlive && ended;
    }

    /** Closes the connection behind the answer. */
    void closesBehind() {
        keepsAlive = false;
    }

    /**
     * The whole answer.
     *
     * @param headers names and values by turns
     * @throws IOException if the client has gone
     */
    public void respond(int code, String type, byte[] body, String... headers) throws IOException {
        head(code, type, headers, "Content-Length: " + body.length);
        if (!request.method().equals("HEAD")) {
            out.write(body);
        }
        out.flush();
        ended = true;
    }

    /**
     * Begins an answer that comes in parts: each write is sent at once, and closing ends it.
     *
     * @throws IOException if the client has gone
     */
    public OutputStream stream(int code, String type, String... headers) throws IOException {
        boolean chunked = request.minor() == 1;
        keepsAlive = keepsAlive && chunked;
        head(code, type, headers, chunked ? "Transfer-Encoding: chunked" : "Cache-Control: no-store");
        out.flush();
        return new Parts(chunked);
    }

    private void head(int code, String type, String[] headers, String length) throws IOException {
        if (status != 0) {
            throw new IllegalStateException("the answer has begun");
        }
        status = code;
        StringBuilder head = new StringBuilder("HTTP/1.1 ")
                .append(code)
                .append(' ')
                .append(REASONS.getOrDefault(code, ""))
                .append("\r\nDate: ")
                .append(DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)))
                .append("\r\nContent-Type: ")
                .append(type)
                .append("\r\n")
                .append(length)
                .append("\r\nX-Content-Type-Options: nosniff\r\n");
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        if (!keepsAlive) {
            head.append("Connection: close\r\n");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private final class Parts extends OutputStream {
        private final boolean chunked;

        Parts(boolean chunked) {
            this.chunked = chunked;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b});
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (length == 0 || request.method().equals("HEAD")) {
                return;
            }
            if (chunked) {
                out.write((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
                out.write(bytes, from, length);
                out.write("\r\n".getBytes(StandardCharsets.ISO_8859_1));
            } else {
                out.write(bytes, from, length);
            }
            out.flush();
        }

        @Override
        public void close() throws IOException {
            if (!ended) {
                ended = true;
                if (chunked && !request.method().equals("HEAD")) {
                    out.write("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
                }
                out.flush();
            }
        }
    }
}
