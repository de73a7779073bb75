package org.moelora.text.template;

import java.util.List;
import org.moelora.engine.InputException;

/**
 * What one rendering may still do: each expression, statement, turn of a loop and nested value is a step; characters count when they are made or
 * looked at, and an element of a list as many as it takes bytes. Used by one thread.
 */
final class Limits {
    private static final int MAX_STEPS = 10_000_000;
    private static final long MAX_SIZE = 1L << 25;
    private static final int MAX_DEPTH = 200;
    private static final int ELEMENT = 32;

    private final String source;
    private int steps;
    private long size;
    private int depth;

    Limits(String source) {
        this.source = source;
    }

    /** One step, within all that were entered and not left. */
    void enter(int line) {
        step(line);
        if (++depth > MAX_DEPTH) {
            throw error(line, "is more than " + MAX_DEPTH + " deep in calls or values");
        }
    }

    void step(int line) {
        if (++steps > MAX_STEPS) {
            throw error(line, "takes more than " + MAX_STEPS + " steps");
        }
    }

    void leave() {
        depth--;
    }

    /** Counts characters before they are made or looked at. */
    void characters(int line, long more) {
        size += more;
        if (size > MAX_SIZE) {
            throw error(line, "makes more than " + MAX_SIZE + " characters");
        }
    }

    /** Counts a list's elements before they are made or looked at. */
    void elements(int line, long more) {
        characters(line, ELEMENT * more);
    }

    <T extends List<?>> T list(int line, T list) {
        elements(line, list.size());
        return list;
    }

    /** Of what a template does, not of how it is written. */
    InputException error(int line, String what) {
        return new InputException(source + ": " + (line > 0 ? "line " + line + " of " : "") + "the chat template "
                + what + "; expected a template and messages that belong together");
    }

    InputException raised(String message) {
        return new InputException(source + ": the chat template refuses the messages: \"" + message
                + "\"; expected messages that it takes");
    }

    InputException unsupported(int line, String what) {
        return new InputException(source + ": line " + line + " of the chat template has " + what
                + ", which is not supported; expected what docs/data.md lists");
    }
}
