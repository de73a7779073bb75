package org.moelora.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;

/**
 * A grammar under construction: a nondeterministic automaton over bytes for each of its rules, which may call each other. Rule 0 is the whole text. Every other rule has at least one
 * byte. Used by one thread.
 */
final class Rules {
    /** An edge from one state to another. */
    sealed interface Edge {
        int to();

        /** On one byte of a range. */
        record Bytes(int first, int last, int to) implements Edge {}

        /** On nothing. */
        record Empty(int to) implements Edge {}

        /** On a text of another rule. */
        record Call(int rule, int to) implements Edge {}
    }

    /**
     * A rule.
     *
     * @param nests whether it counts as a level of nesting
     */
    record Rule(int start, int end, boolean nests) {}

    /** A part of a text: adds what it consists of behind a state, and gives the state that is reached after it. */
    @FunctionalInterface
    interface Part {
        int after(Rules rules, int from);
    }

    static final int MOST_STATES = 1 << 17;

    final List<List<Edge>> edges = new ArrayList<>();
    final List<Rule> rules = new ArrayList<>();
    private final Map<CodePoints, Integer> sets = new HashMap<>();
    private final String source;

    /**
     * @param source how complaints name the grammar
     */
    Rules(String source) {
        this.source = source;
        declare(false);
    }

    String source() {
        return source;
    }

    /** A new state. */
    int state() {
        if (edges.size() == MOST_STATES) {
            throw new InputException(
                    source + " needs more than " + MOST_STATES + " states; expected smaller numbers of repetitions");
        }
        edges.add(new ArrayList<>());
        return edges.size() - 1;
    }

    /** A new rule, which is defined later. */
    int declare(boolean nests) {
        rules.add(new Rule(state(), state(), nests));
        return rules.size() - 1;
    }

    void define(int rule, Part part) {
        Rule declared = rules.get(rule);
        join(part.after(this, declared.start), declared.end);
    }

    void join(int from, int to) {
        edges.get(from).add(new Edge.Empty(to));
    }

    void bytes(int from, int first, int last, int to) {
        edges.get(from).add(new Edge.Bytes(first, last, to));
    }

    /** A text of a rule. */
    static Part call(int rule) {
        return (rules, from) -> {
            int to = rules.state();
            rules.edges.get(from).add(new Edge.Call(rule, to));
            return to;
        };
    }

    /** Nothing. */
    static Part nothing() {
        return (rules, from) -> from;
    }

    /** This text. */
    static Part text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return (rules, from) -> {
            int at = from;
            for (byte b : bytes) {
                int next = rules.state();
                rules.bytes(at, b & 0xFF, b & 0xFF, next);
                at = next;
            }
            return at;
        };
    }

    /** One after the other. */
    static Part sequence(Part... parts) {
        return (rules, from) -> {
            int at = from;
            for (Part part : parts) {
                at = part.after(rules, at);
            }
            return at;
        };
    }

    /** One of them; none is a text that does not exist. */
    static Part anyOf(List<Part> parts) {
        return (rules, from) -> {
            int end = rules.state();
            for (Part part : parts) {
                int start = rules.state();
                rules.join(from, start);
                rules.join(part.after(rules, start), end);
            }
            return end;
        };
    }

    static Part optional(Part part) {
        return repeat(part, 0, 1);
    }

    /**
     * @param most -1 for any number
     */
    static Part repeat(Part part, int least, int most) {
        return (rules, from) -> {
            int at = from;
            for (int i = 0; i < least; i++) {
                at = part.after(rules, at);
            }
            if (most < 0) {
                int loop = rules.state();
                rules.join(at, loop);
                rules.join(part.after(rules, loop), loop);
                int end = rules.state();
                rules.join(loop, end);
                return end;
            }
            int end = rules.state();
            for (int i = least; i < most; i++) {
                rules.join(at, end);
                int start = rules.state();
                rules.join(at, start);
                at = part.after(rules, start);
            }
            rules.join(at, end);
            return end;
        };
    }

    /** One character of a set. */
    static Part one(CodePoints set) {
        return (rules, from) -> {
            CodePoints.Range last = set.isEmpty() ? null : set.ranges().getLast();
            if (last == null || last.to() < 0x80) {
                int to = rules.state();
                for (CodePoints.Range range : set.ranges()) {
                    rules.bytes(from, range.from(), range.to(), to);
                }
                return to;
            }
            Integer known = rules.sets.get(set);
            if (known == null) {
                known = rules.declare(false);
                rules.sets.put(set, known);
                Rule rule = rules.rules.get(known);
                for (CodePoints.Range range : set.ranges()) {
                    rules.encoded(rule.start, range.from(), range.to(), rule.end);
                }
            }
            return call(known).after(rules, from);
        };
    }

    /** The UTF-8 of all characters from one to another: ranges that differ in their length or first bytes are split. */
    private void encoded(int from, int first, int last, int to) {
        for (int bits : new int[] {7, 11, 16}) {
            int most = (1 << bits) - 1;
            if (first <= most && last > most) {
                encoded(from, first, most, to);
                encoded(from, most + 1, last, to);
                return;
            }
        }
        int length = first < 0x80 ? 1 : first < 0x800 ? 2 : first < 0x10000 ? 3 : 4;
        for (int tail = 1; tail < length; tail++) {
            int mask = (1 << (6 * tail)) - 1;
            if ((first & ~mask) != (last & ~mask)) {
                if ((first & mask) != 0) {
                    encoded(from, first, first | mask, to);
                    encoded(from, (first | mask) + 1, last, to);
                    return;
                }
                if ((last & mask) != mask) {
                    encoded(from, first, (last & ~mask) - 1, to);
                    encoded(from, last & ~mask, last, to);
                    return;
                }
            }
        }
        byte[] low = Character.toString(first).getBytes(StandardCharsets.UTF_8);
        byte[] high = Character.toString(last).getBytes(StandardCharsets.UTF_8);
        int at = from;
        for (int i = 0; i < length; i++) {
            int next = i == length - 1 ? to : state();
            bytes(at, low[i] & 0xFF, high[i] & 0xFF, next);
            at = next;
        }
    }
}
