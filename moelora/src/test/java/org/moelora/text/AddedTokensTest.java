package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddedTokensTest {
    private static final boolean NO = false;
    private static final boolean YES = true;

    private static List<Object> split(String text, AddedTokens.Token... tokens) {
        List<Object> parts = new ArrayList<>();
        new AddedTokens(List.of(tokens)).split(text, parts::add, (piece, first) -> parts.add(piece));
        return parts;
    }

    private static AddedTokens.Token plain(int id, String content) {
        return new AddedTokens.Token(id, content, NO, NO, NO, NO, NO);
    }

    @Test
    void takesTheLongestOfTheLeftmost() {
        AddedTokens.Token[] tokens = {plain(1, "<a"), plain(2, "<a>"), plain(3, "a>b"), plain(4, "<a>bcd")};
        assertThat(split("<a>bc<ab", tokens)).containsExactly(2, "bc", 1, "b");
        assertThat(split("xa>b<", tokens)).containsExactly("x", 3, "<");
        assertThat(split("<a>bcd", tokens)).containsExactly(4);
        assertThat(split("", tokens)).isEmpty();
        assertThat(split("none")).containsExactly("none");
        assertThat(split("x", plain(1, ""))).containsExactly("x");
    }

    @Test
    void swallowsWhiteSpaceWhereItIsToldTo() {
        var before = new AddedTokens.Token(1, "[M]", NO, NO, YES, NO, NO);
        var after = new AddedTokens.Token(2, "[N]", NO, NO, NO, YES, NO);
        assertThat(split("a \t[M] b", before)).containsExactly("a", 1, " b");
        assertThat(split("a [N] \u00a0\n b", after)).containsExactly("a ", 2, "b");
        // What one has swallowed the other cannot.
        assertThat(split("[N]  [M]", before, after)).containsExactly(2, 1);
    }

    @Test
    void countsASingleWordOnlyBetweenOthers() {
        var word = new AddedTokens.Token(1, "cat", NO, YES, NO, NO, NO);
        assertThat(split("cat concat cats, cat_ cat!", word)).containsExactly(1, " concat cats, cat_ ", 1, "!");
        assertThat(split("\uD835\uDC00cat", word)).containsExactly("\uD835\uDC00cat");
        assertThat(split("\uD83E\uDD99cat", word)).containsExactly("\uD83E\uDD99", 1);
    }

    /** Expectations are what tokenizers 0.23 gives. */
    @Test
    void findsMatchesFirstAndWidensThemThen() {
        var lines = new AddedTokens.Token(5, "\n\n", NO, NO, NO, YES, NO);
        assertThat(split("a\n\n\n\nb", lines)).containsExactly("a", 5, 5, "b");
        assertThat(split("a\n\n  b", lines)).containsExactly("a", 5, "b");
        var space = new AddedTokens.Token(6, " ", NO, NO, YES, NO, NO);
        assertThat(split("a   b", space)).containsExactly("a", 6, 6, 6, "b");
        // What a later match leaves of the white space that an earlier one took is text again.
        var one = plain(7, "\n");
        var after = new AddedTokens.Token(8, "[N]", NO, NO, NO, YES, NO);
        assertThat(split("[N]\n  b", one, after)).containsExactly(8, 7, "  b");
        // Nothing is left for a match of which all was taken.
        var before = new AddedTokens.Token(9, "\n", NO, NO, YES, NO, NO);
        var both = new AddedTokens.Token(10, "a", NO, NO, YES, YES, NO);
        assertThat(split("ba\n", before, both)).containsExactly("b", 10);
    }

    @Test
    void takesTheTokenWithTheMostBytesFirstWhereLlamaCppDoes() {
        AddedTokens.Token[] tokens = {
            plain(1, "ab"), plain(2, "bcd"), plain(3, "\u20ac"), new AddedTokens.Token(4, "[N]", NO, NO, NO, YES, NO)
        };
        List<Object> parts = new ArrayList<>();
        new AddedTokens(List.of(tokens), AddedTokens.Rules.LLAMA_CPP)
                .split("abcd ab\u20ac[N] \n\u00a0x", parts::add, (piece, first) -> parts.add(piece));
        assertThat(parts).containsExactly("a", 2, " ", 1, 3, 4, "\u00a0x");
    }

    @Test
    void ofEqualTextsTheFirstCounts() {
        assertThat(split("a", plain(1, "a"), plain(2, "a"))).containsExactly(1);
    }
}
