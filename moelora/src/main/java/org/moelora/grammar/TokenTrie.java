package org.moelora.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import org.moelora.text.Tokenizer;

/** The bytes of a vocabulary's tokens as a tree, its nodes in the order in which a walk meets them. Tokens without bytes and those that end texts are not in it. Immutable. */
final class TokenTrie {
    private record Token(byte[] bytes, int id) {}

    final int vocabulary;

    /** The longest token's bytes. */
    final int depth;

    /** Of each node: its last byte, how many bytes lead to it, the first node that is not below it, and a token that ends there, or -1. */
    final byte[] last;

    final int[] depths;
    final int[] ends;
    final int[] tokens;

    /** Another token with the same bytes, or -1. */
    final int[] same;

    /** Bytes that are tokens. */
    final BitSet single = new BitSet();

    /**
     * @param vocabulary how many ids the model has
     * @param without ids that are not text
     */
    TokenTrie(Tokenizer tokenizer, int vocabulary, Collection<Integer> without) {
        this.vocabulary = vocabulary;
        List<Token> all = new ArrayList<>();
        int most = 0;
        long total = 0;
        for (int id = 0; id < Math.min(vocabulary, tokenizer.vocabularySize()); id++) {
            byte[] bytes = tokenizer.bytes(id);
            if (bytes.length > 0 && !without.contains(id)) {
                all.add(new Token(bytes, id));
                most = Math.max(most, bytes.length);
                total += bytes.length;
            }
        }
        all.sort((a, b) -> Arrays.compareUnsigned(a.bytes, b.bytes));
        depth = most;
        int size = Math.toIntExact(total);
        byte[] last = new byte[size];
        int[] depths = new int[size];
        int[] ends = new int[size];
        int[] tokens = new int[size];
        same = new int[vocabulary];
        Arrays.fill(tokens, -1);
        Arrays.fill(same, -1);
        int[] path = new int[most + 1];
        byte[] before = new byte[0];
        int count = 0;
        for (Token token : all) {
            byte[] bytes = token.bytes;
            int common = Arrays.mismatch(before, bytes);
            common = common < 0 ? bytes.length : common;
            for (int d = before.length; d > common; d--) {
                ends[path[d]] = count;
            }
            for (int d = common + 1; d <= bytes.length; d++) {
                path[d] = count;
                last[count] = bytes[d - 1];
                depths[count++] = d;
            }
            int node = path[bytes.length];
            same[token.id] = tokens[node];
            tokens[node] = token.id;
            if (bytes.length == 1) {
                single.set(bytes[0] & 0xFF);
            }
            before = bytes;
        }
        for (int d = before.length; d > 0; d--) {
            ends[path[d]] = count;
        }
        this.last = Arrays.copyOf(last, count);
        this.depths = Arrays.copyOf(depths, count);
        this.ends = Arrays.copyOf(ends, count);
        this.tokens = Arrays.copyOf(tokens, count);
    }
}
