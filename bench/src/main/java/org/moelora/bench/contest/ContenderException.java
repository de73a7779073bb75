package org.moelora.bench.contest;

/** A contender could not do what it was asked to; the message says why in one sentence. */
public final class ContenderException extends RuntimeException {
    public ContenderException(String message) {
        super(message);
    }
}
