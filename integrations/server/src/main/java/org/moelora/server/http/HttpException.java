package org.moelora.server.http;

/** A request that is not read any further: it is answered with a status and one sentence, and its connection is closed. */
public final class HttpException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    HttpException(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    /** The status of the answer, 400 to 505. */
    public int status() {
        return status;
    }
}
