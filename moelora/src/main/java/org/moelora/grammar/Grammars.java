package org.moelora.grammar;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.text.Tokenizer;

/** The grammars that texts of one model were asked for with, the last 16 of them. Thread-safe. */
public final class Grammars {
    private static final int MOST = 16;

    private final Tokenizer tokenizer;
    private final int vocabulary;
    private final Collection<Integer> ends;
    private final Map<Grammar, TokenMasks> known = new LinkedHashMap<>(MOST, 0.75f, true);
    private @Nullable TokenTrie trie;

    /**
     * @param vocabulary how many ids the model has
     * @param ends those that end texts
     */
    public Grammars(Tokenizer tokenizer, int vocabulary, Collection<Integer> ends) {
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
        this.ends = ends;
    }

    /**
     * @throws org.moelora.engine.InputException if the vocabulary has no tokens for what the grammar needs
     */
    public synchronized TokenMasks masks(Grammar grammar) {
        TokenMasks masks = known.get(grammar);
        if (masks == null) {
            TokenTrie tokens = trie;
            if (tokens == null) {
                tokens = new TokenTrie(tokenizer, vocabulary, ends);
                trie = tokens;
            }
            masks = new TokenMasks(tokenizer, tokens, grammar);
            if (known.size() == MOST) {
                known.remove(known.keySet().iterator().next());
            }
            known.put(grammar, masks);
        }
        return masks;
    }
}
