package org.moelora.text.template;

import java.util.List;
import org.moelora.engine.InputException;

/** What one rendering may still do. Used by one thread. */
final class Limits {
    private static final int MAX_STEPS = 2_000_000;
    private static final long MAX_SIZE = 1L << 26;
    private static final int MAX_DEPTH = 200;

    private final String source;
    private int steps;
    private long size;
    private int depth;

    Limits(String source) {
        this.source = source;
    }

    void enter(int line) {
        if (++steps > MAX_STEPS || ++depth > MAX_DEPTH) {
            throw error(
                    line,
                    steps > MAX_STEPS ? "is past " + MAX_STEPS + " steps" : "is in more than " + MAX_DEPTH + " calls");
        }
    }

    void leave() {
        depth--;
    }

    /** Counts characters or elements before they are made. */
    void make(int line, long more) {
        size += more;
        if (size > MAX_SIZE) {
            throw error(line, "makes more than " + MAX_SIZE + " characters");
        }
    }

    String text(int line, String text) {
        make(line, text.length());
        return text;
    }

    <T extends List<?>> T list(int line, T list) {
        make(line, list.size());
        return list;
    }

    /** Of what a template does, not of how it is written. */
    InputException error(int line, String what) {
        return new InputException(source + ": line " + line + " of the chat template " + what
                + "; expected a template and messages that belong together");
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
