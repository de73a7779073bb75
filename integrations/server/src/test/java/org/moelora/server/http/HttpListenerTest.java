package org.moelora.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;

/** The bytes of HTTP, sent by hand. */
@Timeout(60)
class HttpListenerTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final HttpLimits LIMITS = new HttpLimits(4, 1024, 2048, LONG, LONG, LONG);

    private final CountDownLatch gone = new CountDownLatch(1);
    private final CountDownLatch begun = new CountDownLatch(1);
    private HttpListener listener = listen(LIMITS);

    private HttpListener listen(HttpLimits limits) {
        return new HttpListener(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), limits, new HttpListener.Handler() {
                    @Override
                    public void handle(Exchange exchange) throws IOException {
                        answer(exchange);
                    }

                    @Override
                    public void refuse(Exchange exchange, HttpException why) throws IOException {
                        exchange.respond(why.status(), "text/plain", bytes(why.getMessage()));
                    }
                });
    }

    private void answer(Exchange exchange) throws IOException {
        exchange.onGone(gone::countDown);
        HttpRequest request = exchange.request();
        switch (request.path()) {
            case "/wait" -> {
                begun.countDown();
                await(gone);
                exchange.respond(200, "text/plain", bytes("late"));
            }
            case "/stream" -> {
                try (OutputStream out = exchange.stream(200, "text/plain")) {
                    out.write(bytes("one"));
                    out.write(bytes("two"));
                }
            }
            case "/flood" -> {
                byte[] much = new byte[1 << 20];
                try (OutputStream out = exchange.stream(200, "text/plain")) {
                    while (true) {
                        out.write(much);
                    }
                }
            }
            case "/fail" -> throw new IllegalStateException("a handler's mistake, which is logged");
            default ->
                exchange.respond(
                        200,
                        "text/plain",
                        bytes(request.method() + " " + request.path() + " "
                                + new String(request.body(), StandardCharsets.UTF_8)));
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() {
        listener.close();
        assertThat(listener.connections()).isZero();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("moelora-listener");
    }

    private Socket connect() throws IOException {
        return new Socket(listener.address().getAddress(), listener.address().getPort());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(bytes(text));
    }

    /** Sends, and reads until the server closes. */
    private String ask(String text) throws IOException {
        try (Socket socket = connect()) {
            send(socket, text);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String readUntil(InputStream in, String end) throws IOException {
        StringBuilder read = new StringBuilder();
        while (!read.toString().endsWith(end)) {
            int c = in.read();
            if (c < 0) {
                throw new IOException("the end after " + read);
            }
            read.append((char) c);
        }
        return read.toString();
    }

    @Test
    void aConnectionHasManyRequests() throws IOException {
        try (Socket socket = connect()) {
            for (int i = 0; i < 3; i++) {
                send(socket, "GET /a" + i + "?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(readUntil(socket.getInputStream(), "GET /a" + i + " "))
                        .startsWith("HTTP/1.1 200 OK\r\n")
                        .contains("Content-Length: 8\r\n");
            }
        }
    }

    @Test
    void bodiesComeWholeInChunksAndAfterAskingFirst() throws IOException {
        String end = "Host: x\r\nConnection: close\r\n";
        assertThat(ask("POST / HTTP/1.1\r\n" + end + "Content-Length: 5\r\n\r\nhello"))
                .endsWith("POST / hello");
        assertThat(ask("POST / HTTP/1.1\r\n" + end
                        + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"))
                .endsWith("POST / hello");
        assertThat(ask("POST / HTTP/1.1\r\n" + end + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"))
                .startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
                .endsWith("POST / hi");
    }

    @Test
    void partsAreChunksOrEndWithTheConnection() throws IOException {
        assertThat(ask("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .contains("Transfer-Encoding: chunked")
                .endsWith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        assertThat(ask("GET /stream HTTP/1.0\r\n\r\n"))
                .doesNotContain("chunked")
                .endsWith("\r\n\r\nonetwo");
        assertThat(ask("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .contains("Content-Length: 8")
                .endsWith("\r\n\r\n");
    }

    /** What two readers could read in two ways, or is more than a client may send. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400|GET /\\r\\n\\r\\n",
                "400|GET  / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
                "400|GET / HTTP/1.1\\nHost: x\\n\\n",
                "400|GET / HTTP/1.1\\r\\n\\r\\n",
                "400|GET / HTTP/1.1\\r\\nHost: x\\r\\nHost: y\\r\\n\\r\\n",
                "400|GET / HTTP/1.1\\r\\nHost : x\\r\\n\\r\\n",
                "400|GET / HTTP/1.1\\r\\nHost: x\\r\\n folded\\r\\n\\r\\n",
                "400|GET x HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
                "400|POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1\\r\\nContent-Length: 1\\r\\n\\r\\na",
                "400|POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\na",
                "400|POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: +1\\r\\n\\r\\na",
                "400|POST / HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n1;a=b\\r\\na\\r\\n0\\r\\n\\r\\n",
                "400|POST / HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n1\\r\\nab\\r\\n0\\r\\n\\r\\n",
                "501|POST / HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: gzip, chunked\\r\\n\\r\\n",
                "417|POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1\\r\\nExpect: x\\r\\n\\r\\na",
                "505|GET / HTTP/2.0\\r\\nHost: x\\r\\n\\r\\n",
                "413|POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2049\\r\\n\\r\\n",
                "413|POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 99999999999999999999\\r\\n\\r\\n",
                "413|POST / HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n801\\r\\n",
                "413|POST / HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nffffffff\\r\\n",
            })
    void whatIsNoPlainRequestIsRefused(int status, String request) throws IOException {
        try (Socket socket = connect()) {
            send(socket, request.replace("\\r", "\r").replace("\\n", "\n"));
            socket.shutdownOutput();
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 " + status + " ")
                    .contains("Connection: close");
        }
    }

    @Test
    void headersAreBounded() throws IOException {
        try (Socket socket = connect()) {
            send(socket, "GET / HTTP/1.1\r\nHost: x\r\nA: " + "a".repeat(5000));
            socket.shutdownOutput();
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 431 ")
                    .contains("more than 1024 bytes");
        }
    }

    @Test
    void aClientThatIsGoneIsNoticedWhileItsAnswerIsMade() throws Exception {
        try (Socket socket = connect()) {
            send(socket, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
            begun.await();
        }
        gone.await();
    }

    @Test
    void aClientThatDoesNotReadIsEnded() throws Exception {
        listener.close();
        listener = listen(new HttpLimits(4, 1024, 2048, LONG, LONG, Duration.ofMillis(40)));
        try (Socket socket = connect()) {
            send(socket, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
            gone.await();
        }
    }

    @Test
    void aRequestThatDoesNotArriveIsEnded() throws IOException {
        listener.close();
        listener = listen(new HttpLimits(4, 1024, 2048, Duration.ofMillis(30), LONG, LONG));
        try (Socket socket = connect()) {
            send(socket, "GET / HTTP/1.1\r\nHo");
            assertThat(readUntil(socket.getInputStream(), "\r\n")).startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void anIdleConnectionIsEnded() throws IOException {
        listener.close();
        listener = listen(new HttpLimits(4, 1024, 2048, LONG, Duration.ofMillis(30), LONG));
        try (Socket socket = connect()) {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        try (Socket socket = connect()) {
            send(socket, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .endsWith("GET / ");
        }
    }

    @Test
    void connectionsAreBounded() throws IOException {
        Socket[] sockets = new Socket[4];
        for (int i = 0; i < sockets.length; i++) {
            sockets[i] = connect();
            send(sockets[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            readUntil(sockets[i].getInputStream(), "GET / ");
        }
        try (Socket socket = connect()) {
            assertThat(readUntil(socket.getInputStream(), "\r\n")).startsWith("HTTP/1.1 503 ");
        }
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Test
    void aHandlersMistakeEndsItsConnectionAlone() throws IOException {
        assertThat(ask("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n")).isEmpty();
        assertThat(ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .endsWith("GET / ");
    }

    @Test
    void endingLetsAnswersEndAndTakesNoMore() throws Exception {
        try (Socket idle = connect();
                Socket busy = connect()) {
            send(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            readUntil(idle.getInputStream(), "GET / ");
            send(busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
            begun.await();
            listener.end();
            assertThat(idle.getInputStream().read()).isEqualTo(-1);
            assertThat(listener.await(Duration.ofMillis(1))).isFalse();
            gone.countDown();
            assertThat(new String(busy.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("Connection: close")
                    .endsWith("late");
            assertThat(listener.await(LONG)).isTrue();
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        }
    }

    @Test
    void anAddressInUseIsRefused() {
        assertThatThrownBy(() -> new HttpListener(listener.address(), LIMITS, null))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(":" + listener.address().getPort() + " cannot be listened on");
    }
}
