package org.moelora.model;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * What the engine's thread hands over to the thread that waits for a request: pieces, then the end. The engine never waits here, however slow the other side is; what is not
 * yet taken is at most the texts themselves. One thread puts and one takes.
 */
final class Delivery implements TextInProgress.Pieces {
    /** A piece of a text, or the end of all of them. */
    private record Event(
            int text,
            String piece,
            @Nullable List<Completion> completions,
            @Nullable Throwable failure) {}

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final boolean wantsPieces;
    private volatile boolean abandoned;

    /**
     * @param wantsPieces whether pieces are to be handed over, beside the whole texts at the end
     */
    Delivery(boolean wantsPieces) {
        this.wantsPieces = wantsPieces;
    }

    @Override
    public void piece(int text, String piece) {
        if (wantsPieces) {
            events.add(new Event(text, piece, null, null));
        }
    }

    void end(List<Completion> completions) {
        events.add(new Event(0, "", completions, null));
    }

    void fail(Throwable failure) {
        events.add(new Event(0, "", null, failure));
    }

    /** The other side does not want any more. */
    void abandon() {
        abandoned = true;
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /**
     * Waits for the end, on the thread that asked. Interrupting it ends the texts with what they have, and the interrupt stays set. What the consumer throws ends them
     * too, and is thrown.
     */
    List<Completion> await(TextInProgress.Pieces pieces) {
        boolean interrupted = false;
        try {
            while (true) {
                Event event;
                try {
                    event = events.take();
                } catch (InterruptedException e) {
                    interrupted = true;
                    abandon();
                    continue;
                }
                if (event.completions != null) {
                    return event.completions;
                }
                if (event.failure != null) {
                    throw thrown(event.failure);
                }
                pieces.piece(event.text, event.piece);
            }
        } catch (RuntimeException | Error e) {
            abandon();
            throw e;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException thrown(Throwable failure) {
        if (failure instanceof Error e) {
            throw e;
        }
        return (RuntimeException) Objects.requireNonNull(failure);
    }
}
