package org.moelora.server.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads a request as RFC 9112 writes it, and nothing that two readers could read in two ways: lines end with CR LF, a header has one line, and the body's
 * length is said once.
 */
final class RequestReader {
    private static final String SEPARATORS = "\"(),/:;<=>?@[\\]{}";

    private final SocketInput in;
    private final HttpLimits limits;
    private final Runnable goesOn;
    private int left;

    /**
     * @param goesOn tells a client that waits for it to send its body
     */
    RequestReader(SocketInput in, HttpLimits limits, Runnable goesOn) {
        this.in = in;
        this.limits = limits;
        this.goesOn = goesOn;
        left = limits.headerBytes();
    }

    /**
     * @throws HttpException if it is no request, or a larger one than is allowed
     * @throws IOException if the client is gone or too slow
     */
    HttpRequest read() throws IOException {
        String first = line();
        String[] words = (first.isEmpty() ? line() : first).split(" ", -1);
        if (words.length != 3 || !isToken(words[0])) {
            throw new HttpException(400, "the request's first line is not METHOD TARGET VERSION");
        }
        if (!words[2].equals("HTTP/1.1") && !words[2].equals("HTTP/1.0")) {
            throw new HttpException(505, "the request's version is not HTTP/1.1; expected HTTP/1.1");
        }
        int minor = words[2].charAt(7) - '0';
        Map<String, List<String>> headers = headers();
        int hosts = headers.getOrDefault("host", List.of()).size();
        if (hosts > 1 || (hosts == 0 && minor == 1)) {
            throw new HttpException(400, "the request has " + hosts + " Host headers; expected one");
        }
        return new HttpRequest(words[0], path(words[1]), minor, headers, body(headers));
    }

    private static String path(String target) {
        String path = target;
        if (path.regionMatches(true, 0, "http://", 0, 7)) {
            int slash = path.indexOf('/', 7);
            path = slash < 0 ? "/" : path.substring(slash);
        }
        if (!path.startsWith("/")) {
            throw new HttpException(400, "the request's target is no path; expected one that begins with /");
        }
        int query = path.indexOf('?');
        return query < 0 ? path : path.substring(0, query);
    }

    private Map<String, List<String>> headers() throws IOException {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            if (colon < 1 || !isToken(line.substring(0, colon))) {
                throw new HttpException(400, "a header is not NAME: VALUE on one line");
            }
            headers.computeIfAbsent(line.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
                    .add(line.substring(colon + 1).strip());
        }
        return headers;
    }

    private static boolean isToken(String word) {
        return !word.isEmpty() && word.chars().allMatch(c -> c > ' ' && c < 127 && SEPARATORS.indexOf(c) < 0);
    }

    /** A line of the head, without its end. */
    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int c = headByte();
            if (c == '\r') {
                if (headByte() != '\n') {
                    throw new HttpException(400, "a line of the request's head does not end with CR LF");
                }
                return line.toString(StandardCharsets.ISO_8859_1);
            }
            if ((c < ' ' && c != '\t') || c == 127) {
                throw new HttpException(400, "the request's head has a control character");
            }
            line.write(c);
        }
    }

    private int headByte() throws IOException {
        if (--left < 0) {
            throw new HttpException(
                    431,
                    "the request's first line and headers have more than " + limits.headerBytes()
                            + " bytes; expected at most as many");
        }
        return next();
    }

    private int next() throws IOException {
        int c = in.read();
        if (c < 0) {
            throw new IOException("the client has gone in the middle of a request");
        }
        return c;
    }

    private byte[] body(Map<String, List<String>> headers) throws IOException {
        List<String> lengths = headers.getOrDefault("content-length", List.of());
        List<String> codings = headers.getOrDefault("transfer-encoding", List.of());
        if (lengths.size() > 1 || (!lengths.isEmpty() && !codings.isEmpty())) {
            throw new HttpException(400, "the length of the request's body is said twice");
        }
        if (!codings.isEmpty()) {
            if (codings.size() > 1 || !codings.getFirst().equalsIgnoreCase("chunked")) {
                throw new HttpException(501, "the request's transfer coding is not known; expected chunked");
            }
            awaitsBody(headers);
            return chunks();
        }
        if (lengths.isEmpty()) {
            return new byte[0];
        }
        String length = lengths.getFirst();
        if (length.isEmpty() || !length.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new HttpException(400, "the request's Content-Length is no number");
        }
        if (length.length() > 9 || Integer.parseInt(length) > limits.bodyBytes()) {
            throw tooLong();
        }
        awaitsBody(headers);
        return exactly(Integer.parseInt(length));
    }

    private void awaitsBody(Map<String, List<String>> headers) {
        List<String> expected = headers.getOrDefault("expect", List.of());
        if (expected.isEmpty()) {
            return;
        }
        if (expected.size() > 1 || !expected.getFirst().equalsIgnoreCase("100-continue")) {
            throw new HttpException(417, "the request expects something unknown; expected 100-continue");
        }
        goesOn.run();
    }

    private byte[] exactly(int count) throws IOException {
        byte[] bytes = in.read(count);
        if (bytes.length < count) {
            throw new IOException("the client has gone in the middle of a request");
        }
        return bytes;
    }

    private byte[] chunks() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            int size = chunkSize();
            if (size == 0) {
                break;
            }
            if (body.size() + size > limits.bodyBytes()) {
                throw tooLong();
            }
            body.writeBytes(exactly(size));
            if (next() != '\r' || next() != '\n') {
                throw new HttpException(400, "a chunk of the request's body does not end with CR LF");
            }
        }
        headers(); // trailers, of which none is used
        return body.toByteArray();
    }

    private int chunkSize() throws IOException {
        int size = 0;
        int digits = 0;
        for (int c = next(); ; c = next()) {
            int digit = Character.digit(c, 16);
            if (digit < 0) {
                // Extensions, which are rarely more than a signature, would have to be skipped up to the line's end.
                if (digits == 0 || c != '\r' || next() != '\n') {
                    throw new HttpException(400, "a chunk of the request's body does not begin with its size alone");
                }
                return size;
            }
            if (++digits > 7) {
                throw tooLong();
            }
            size = size * 16 + digit;
        }
    }

    private HttpException tooLong() {
        return new HttpException(
                413, "the request's body has more than " + limits.bodyBytes() + " bytes; expected at most as many");
    }
}
