package org.moelora.model;

/** A {@link GenerationEngine} has as many requests waiting as it may: this one was refused before anything was taken for it. */
public final class EngineBusyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EngineBusyException(int waiting) {
        super("the engine has " + waiting
                + " requests waiting, as many as it may; expected a later try, or a longer queue");
    }
}
