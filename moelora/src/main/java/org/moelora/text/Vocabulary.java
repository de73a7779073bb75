package org.moelora.text;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tokens and their ids, each id with one token. Filled once, then only read. */
final class Vocabulary {
    /** Ids go into arrays, so that a lying file must not ask for one of gigabytes. */
    static final int MAX_ID = (1 << 24) - 1;

    private final Map<String, Integer> ids;
    private final @Nullable String[] tokens;

    /**
     * @param size one more than the highest id
     * @param count how many tokens there will be
     */
    Vocabulary(int size, int count) {
        ids = HashMap.newHashMap(count);
        tokens = new @Nullable String[size];
    }

    /** Adds a token and gives the one that has its id already, which then stays; null if the id was free. */
    @Nullable String put(String token, int id) {
        String other = tokens[id];
        if (other == null) {
            tokens[id] = token;
            ids.put(token, id);
        }
        return other;
    }

    /** The id of a token, or null if there is none. */
    @Nullable Integer id(String token) {
        return ids.get(token);
    }

    /** The token of an id, or null if there is none. */
    @Nullable String token(int id) {
        return id >= 0 && id < tokens.length ? tokens[id] : null;
    }

    /** One more than the highest id. */
    int size() {
        return tokens.length;
    }

    /** The name of the token that stands for a byte, such as {@code <0x0A>}. */
    static String byteToken(int b) {
        return "<0x%02X>".formatted(b);
    }

    /** The ids of the 256 tokens that stand for bytes, -1 where there is none. */
    int[] byteTokens() {
        int[] bytes = new int[256];
        for (int b = 0; b < bytes.length; b++) {
            bytes[b] = ids.getOrDefault(byteToken(b), -1);
        }
        return bytes;
    }
}
