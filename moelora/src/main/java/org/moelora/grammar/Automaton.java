package org.moelora.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.moelora.engine.InputException;

/**
 * The states of a grammar's {@link Rules}, checked and numbered for {@link Configurations}: which of them lead to the end of their rule, within how many levels of nesting, and which
 * bytes the grammar tells apart. Immutable.
 */
final class Automaton {
    /** The most levels of objects and arrays in a text, those of a JSON document that is read here. */
    static final int DEPTH = 64;

    private static final int NEVER = Integer.MAX_VALUE / 2;

    final Rules.Edge[][] edges;
    final List<Rules.Rule> rules;

    /** For each state the levels of nesting that the shortest way to the end of its rule needs. */
    private final int[] needed;

    /** For each rule its place in an order in which a rule stands before those that its texts may begin with. */
    final int[] order;

    /** For each byte the number of its class: the grammar goes on alike with all bytes of one. */
    final int[] classes = new int[256];

    final int classCount;

    /**
     * @param available bytes that a vocabulary can write one by one; others do not occur in texts, so that every text that is begun can be ended
     * @throws InputException if there is no such text, or a rule begins with itself
     */
    Automaton(Rules from, BitSet available) {
        rules = List.copyOf(from.rules);
        edges = from.edges.stream().map(all -> available(all, available)).toArray(Rules.Edge[][]::new);
        needed = needed();
        int depth = needed[rules.getFirst().start()];
        if (depth > DEPTH) {
            throw new InputException(
                    depth == NEVER
                            ? from.source()
                                    + (available.cardinality() == 256
                                            ? " allows no text; expected one that can be matched"
                                            : " needs characters for which the vocabulary has no tokens; expected another model")
                            : from.source() + " needs " + depth + " levels of nesting; expected at most " + DEPTH);
        }
        order = order(from.source());
        BitSet ends = new BitSet();
        for (Rules.Edge[] all : edges) {
            for (Rules.Edge edge : all) {
                if (edge instanceof Rules.Edge.Bytes bytes) {
                    ends.set(bytes.first());
                    ends.set(bytes.last() + 1);
                }
            }
        }
        int count = 0;
        for (int b = 0; b < 256; b++) {
            count += b > 0 && ends.get(b) ? 1 : 0;
            classes[b] = count;
        }
        classCount = count + 1;
    }

    private static Rules.Edge[] available(List<Rules.Edge> all, BitSet available) {
        List<Rules.Edge> kept = new ArrayList<>();
        for (Rules.Edge edge : all) {
            if (!(edge instanceof Rules.Edge.Bytes bytes)) {
                kept.add(edge);
                continue;
            }
            int first = available.nextSetBit(bytes.first());
            while (first >= 0 && first <= bytes.last()) {
                int last = Math.min(bytes.last(), available.nextClearBit(first) - 1);
                kept.add(new Rules.Edge.Bytes(first, last, bytes.to()));
                first = available.nextSetBit(last + 1);
            }
        }
        return kept.toArray(Rules.Edge[]::new);
    }

    /** The least fixed point of: at an end 0, else the least over edges of what is needed behind them, and inside of what they call. */
    private int[] needed() {
        int[] levels = new int[edges.length];
        Arrays.fill(levels, NEVER);
        rules.forEach(rule -> levels[rule.end()] = 0);
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int s = edges.length - 1; s >= 0; s--) {
                for (Rules.Edge edge : edges[s]) {
                    int way = levels[edge.to()];
                    if (edge instanceof Rules.Edge.Call call) {
                        Rules.Rule rule = rules.get(call.rule());
                        way = Math.max(way, Math.min(NEVER, weight(rule) + levels[rule.start()]));
                    }
                    if (way < levels[s]) {
                        levels[s] = way;
                        changed = true;
                    }
                }
            }
        }
        return levels;
    }

    static int weight(Rules.Rule rule) {
        return rule.nests() ? 1 : 0;
    }

    /** Whether a text can be ended that is at a state, at a depth. */
    boolean canEnd(int state, int depth) {
        return depth + needed[state] <= DEPTH;
    }

    private int[] order(String source) {
        int[] place = new int[rules.size()];
        int[] visit = new int[rules.size()]; // 0 not yet, 1 under way, 2 done
        int[] next = {rules.size()};
        for (int rule = 0; rule < place.length; rule++) {
            visit(rule, place, visit, next, source);
        }
        return place;
    }

    private void visit(int rule, int[] place, int[] visit, int[] next, String source) {
        if (visit[rule] == 2) {
            return;
        }
        if (visit[rule] == 1) {
            throw new InputException(
                    source + " refers to itself without anything between; expected an object or array");
        }
        visit[rule] = 1;
        for (int called : beginsWith(rule)) {
            visit(called, place, visit, next, source);
        }
        visit[rule] = 2;
        place[rule] = --next[0];
    }

    /** The rules that are called before a byte. */
    private List<Integer> beginsWith(int rule) {
        List<Integer> called = new ArrayList<>();
        BitSet seen = new BitSet();
        List<Integer> open = new ArrayList<>(List.of(rules.get(rule).start()));
        while (!open.isEmpty()) {
            int state = open.removeLast();
            if (seen.get(state)) {
                continue;
            }
            seen.set(state);
            for (Rules.Edge edge : edges[state]) {
                switch (edge) {
                    case Rules.Edge.Empty empty -> open.add(empty.to());
                    case Rules.Edge.Call call -> called.add(call.rule());
                    case Rules.Edge.Bytes bytes -> {}
                }
            }
        }
        return called;
    }
}
