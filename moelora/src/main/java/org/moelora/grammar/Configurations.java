package org.moelora.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An {@link Automaton} made deterministic as texts need it: all places at which a text may be, with the calls that led there. A rule that several places call at once is
 * entered once, for all of them, so that ambiguous alternatives do not multiply. Used under one lock.
 */
final class Configurations {
    /** After so many, those that no text is at are forgotten. */
    private final int most;

    /**
     * Where a rule goes on in those that called it.
     *
     * @param callers states behind the call, and their own calls
     * @param depth levels of nesting down to here
     */
    private record Frame(int number, int rule, List<Item> callers, int depth) {
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return number;
        }
    }

    /**
     * A place in a rule.
     *
     * @param frame null in the rule of the whole text
     */
    private record Item(int state, @Nullable Frame frame) {
        int depth() {
            return frame == null ? 0 : frame.depth;
        }
    }

    private record Key(int rule, List<Item> items) {}

    /** All places at which a text may be. */
    static final class Configuration {
        private final List<Item> items;
        private final @Nullable Configuration[] next;

        /** Whether the text may end here. */
        final boolean accepts;

        /** Tokens that may come next; null until it is known. */
        long @Nullable [] mask;

        private Configuration(List<Item> items, boolean accepts, int classes) {
            this.items = items;
            this.accepts = accepts;
            next = new Configuration[classes];
        }

        /** Whether there is no text that begins so. */
        boolean isDead() {
            return items.isEmpty() && !accepts;
        }
    }

    private static final Comparator<Item> BY_NUMBER =
            Comparator.comparingInt(Item::state).thenComparingInt(item -> item.frame == null ? -1 : item.frame.number);

    private final Automaton automaton;
    private final Map<Key, Frame> frames = new HashMap<>();
    private final Map<Key, Configuration> configurations = new HashMap<>();
    private final Configuration start;
    private int frameCount;

    Configurations(Automaton automaton, int most) {
        this.automaton = automaton;
        this.most = most;
        start = closed(List.of(new Item(automaton.rules.getFirst().start(), null)));
    }

    Configuration start() {
        return start;
    }

    int size() {
        return configurations.size();
    }

    /** Forgets what is too much, masks included; texts go on from where they are. */
    boolean forgetIfMany() {
        if (configurations.size() + frames.size() <= most) {
            return false;
        }
        configurations.values().forEach(Configurations::forget);
        forget(start);
        configurations.clear();
        frames.clear();
        return true;
    }

    static void forget(Configuration configuration) {
        Arrays.fill(configuration.next, null);
        configuration.mask = null;
    }

    /** All of them, for forgetting masks. */
    Iterable<Configuration> all() {
        return configurations.values();
    }

    /** Where a text is after another byte. */
    Configuration next(Configuration from, int b) {
        int byClass = automaton.classes[b];
        Configuration known = from.next[byClass];
        if (known != null) {
            return known;
        }
        List<Item> seeds = new ArrayList<>();
        for (Item item : from.items) {
            for (Rules.Edge edge : automaton.edges[item.state]) {
                if (edge instanceof Rules.Edge.Bytes bytes && bytes.first() <= b && b <= bytes.last()) {
                    seeds.add(new Item(bytes.to(), item.frame));
                }
            }
        }
        Configuration next = closed(seeds);
        from.next[byClass] = next;
        return next;
    }

    /** All places that are reached without a byte. */
    private Configuration closed(List<Item> seeds) {
        Set<Item> seen = new LinkedHashSet<>();
        Set<Item> kept = new TreeSet<>(BY_NUMBER);
        Deque<Item> open = new ArrayDeque<>(seeds);
        TreeMap<Integer, Set<Item>> calls = new TreeMap<>(Comparator.comparingInt(rule -> automaton.order[rule]));
        boolean accepts = false;
        while (true) {
            Item item = open.poll();
            if (item == null) {
                Map.Entry<Integer, Set<Item>> call = calls.pollFirstEntry();
                if (call == null) {
                    break;
                }
                int rule = call.getKey();
                Frame frame = frame(rule, List.copyOf(call.getValue()));
                open.add(new Item(automaton.rules.get(rule).start(), frame));
                continue;
            }
            if (!automaton.canEnd(item.state, item.depth()) || !seen.add(item)) {
                continue;
            }
            Frame frame = item.frame;
            if (item.state
                    == automaton.rules.get(frame == null ? 0 : frame.rule).end()) {
                if (frame == null) {
                    accepts = true;
                } else {
                    open.addAll(frame.callers);
                }
            }
            for (Rules.Edge edge : automaton.edges[item.state]) {
                switch (edge) {
                    case Rules.Edge.Bytes bytes -> kept.add(item);
                    case Rules.Edge.Empty empty -> open.add(new Item(empty.to(), frame));
                    case Rules.Edge.Call call -> {
                        Rules.Rule rule = automaton.rules.get(call.rule());
                        if (automaton.canEnd(call.to(), item.depth())
                                && automaton.canEnd(rule.start(), item.depth() + Automaton.weight(rule))) {
                            calls.computeIfAbsent(call.rule(), unknown -> new TreeSet<>(BY_NUMBER))
                                    .add(new Item(call.to(), frame));
                        }
                    }
                }
            }
        }
        List<Item> items = List.copyOf(kept);
        boolean ends = accepts;
        return configurations.computeIfAbsent(
                new Key(ends ? 1 : 0, items), unknown -> new Configuration(items, ends, automaton.classCount));
    }

    private Frame frame(int rule, List<Item> callers) {
        return frames.computeIfAbsent(new Key(rule, callers), unknown -> {
            int depth = callers.stream().mapToInt(Item::depth).max().orElse(0);
            return new Frame(frameCount++, rule, callers, depth + Automaton.weight(automaton.rules.get(rule)));
        });
    }
}
