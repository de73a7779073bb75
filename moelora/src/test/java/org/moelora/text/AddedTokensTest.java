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
}
