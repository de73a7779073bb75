package org.moelora.grammar;

import java.util.Arrays;
import java.util.List;
import org.moelora.text.Tokenizer;

/**
 * The tokens that a grammar allows at each place of a text, found when a text is there first and kept within bounds. Thread-safe.
 */
public final class TokenMasks {
    private static final int MOST_CONFIGURATIONS = 1 << 14;
    private static final long MOST_BYTES = 32L << 20;

    private final Tokenizer tokenizer;
    private final TokenTrie trie;
    private final Configurations configurations;
    private final int mostMasks;
    private int masks;

    TokenMasks(Tokenizer tokenizer, TokenTrie trie, Grammar grammar) {
        this(tokenizer, trie, grammar, MOST_CONFIGURATIONS);
    }

    TokenMasks(Tokenizer tokenizer, TokenTrie trie, Grammar grammar, int mostConfigurations) {
        this.tokenizer = tokenizer;
        this.trie = trie;
        configurations = new Configurations(grammar.automaton(trie.single), mostConfigurations);
        mostMasks = (int) Math.max(1, Math.min(mostConfigurations, MOST_BYTES / ((long) words() * Long.BYTES)));
    }

    private int words() {
        return (trie.vocabulary + 63) / 64;
    }

    /** Begins a text. */
    public Constraint begin() {
        return new Text();
    }

    /** How many places and masks are kept, for tests. */
    synchronized int kept() {
        return Math.max(masks, configurations.size());
    }

    private final class Text implements Constraint {
        private Configurations.Configuration at = configurations.start();

        /** Spaces at the beginning that decoding leaves out, so that the grammar does not see them. */
        private int dropped = tokenizer.leadingSpaces();

        @Override
        public void restrict(float[] logits, List<Integer> ends) {
            long[] allowed = mask(at, dropped);
            float[] atEnd = new float[ends.size()];
            for (int i = 0; i < atEnd.length; i++) {
                atEnd[i] = logits[ends.get(i)];
            }
            for (int id = 0; id < logits.length; id++) {
                if (id >= trie.vocabulary || (allowed[id >> 6] & 1L << id) == 0) {
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
            }
            if (at.accepts) {
                for (int i = 0; i < atEnd.length; i++) {
                    logits[ends.get(i)] = atEnd[i];
                }
            }
        }

        @Override
        public void take(int id) {
            synchronized (TokenMasks.this) {
                for (byte b : tokenizer.bytes(id)) {
                    if (dropped > 0 && b == ' ') {
                        dropped--;
                    } else {
                        dropped = 0;
                        at = configurations.next(at, b & 0xFF);
                    }
                }
                if (configurations.forgetIfMany()) {
                    masks = 0;
                }
            }
        }

        @Override
        public boolean complete() {
            return at.accepts && Arrays.stream(mask(at, dropped)).allMatch(word -> word == 0);
        }
    }

    private synchronized long[] mask(Configurations.Configuration at, int dropped) {
        long[] known = at.mask;
        if (known != null && dropped == 0) {
            return known;
        }
        long[] mask = computed(at, dropped);
        if (dropped == 0) {
            if (masks >= mostMasks) {
                configurations.all().forEach(each -> each.mask = null);
                masks = 0;
            }
            at.mask = mask;
            masks++;
        }
        if (configurations.forgetIfMany()) {
            masks = 0;
        }
        return mask;
    }

    private long[] computed(Configurations.Configuration from, int dropped) {
        long[] mask = new long[words()];
        Configurations.Configuration[] path = new Configurations.Configuration[trie.depth + 1];
        int[] drop = new int[trie.depth + 1];
        path[0] = from;
        drop[0] = dropped;
        int node = 0;
        while (node < trie.last.length) {
            int depth = trie.depths[node];
            int b = trie.last[node] & 0xFF;
            boolean drops = drop[depth - 1] > 0 && b == ' ';
            Configurations.Configuration to = drops ? path[depth - 1] : configurations.next(path[depth - 1], b);
            if (to.isDead()) {
                node = trie.ends[node];
                continue;
            }
            path[depth] = to;
            drop[depth] = drops ? drop[depth - 1] - 1 : 0;
            for (int id = trie.tokens[node]; id >= 0; id = trie.same[id]) {
                mask[id >> 6] |= 1L << id;
            }
            node++;
        }
        return mask;
    }
}
