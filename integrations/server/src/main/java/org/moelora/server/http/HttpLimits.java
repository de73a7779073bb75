package org.moelora.server.http;

import java.time.Duration;
import org.moelora.engine.InputException;

/**
 * What one client may take of a listener.
 *
 * @param connections most open connections; one more is answered with 503
 * @param headerBytes most bytes of a request's line and headers
 * @param bodyBytes most bytes of a request's body
 * @param receive most time from a request's first byte to its last
 * @param idle most time between two requests of a connection
 * @param send most time that a client may take to read what was written, 64 KiB at a time
 */
public record HttpLimits(
        int connections, int headerBytes, int bodyBytes, Duration receive, Duration idle, Duration send) {
    /** 512 connections, 32 KiB of headers, 8 MiB of body, 30 seconds to send a request, and as long between two and for reading an answer. */
    public static final HttpLimits USUAL = new HttpLimits(
            512, 32 << 10, 8 << 20, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));

    /**
     * @throws InputException if a value is out of range
     */
    public HttpLimits {
        range("connections", connections, 1, 100_000);
        range("header-bytes", headerBytes, 256, 1 << 20);
        range("body-bytes", bodyBytes, 1024, 64 << 20);
        time("receive", receive);
        time("idle", idle);
        time("send", send);
    }

    private static void range(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new InputException(name + " is " + value + "; expected " + least + " to " + most);
        }
    }

    private static void time(String name, Duration value) {
        if (value.compareTo(Duration.ofMillis(1)) < 0 || value.compareTo(Duration.ofDays(1)) > 0) {
            throw new InputException("the time to " + name + " is " + value + "; expected a millisecond to a day");
        }
    }
}
