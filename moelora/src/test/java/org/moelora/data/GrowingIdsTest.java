package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.text.Tokenizer;
import org.moelora.text.TokenizerFixture;

class GrowingIdsTest {
    @TempDir
    private Path folder;

    /** "ab" is a token, and so are "bb" and "<x>", which is added, as "<x>>" is. */
    private Tokenizer tokenizer() {
        return new TokenizerFixture(
                        "{\"a\": 0, \"b\": 1, \"ab\": 2, \"bb\": 3, \"<\": 4, \"x\": 5, \">\": 6, \"<x>\": 7, \"<x>>\": 8}",
                        "[\"a b\", \"b b\"]")
                .field(
                        "added_tokens",
                        "[{\"id\": 7, \"content\": \"<x>\", \"special\": true}, {\"id\": 8, \"content\": \"<x>>\", \"special\": true}]")
                .in(folder);
    }

    /** Ids of beginnings as they are defined, each tokenised from the text's beginning. */
    private static int[] fromTheBeginning(Tokenizer words, String text, int[] ends) {
        int[] before = new int[0];
        int done = 0;
        for (int end : ends) {
            int[] ids = words.encode(text.substring(0, end), false);
            if (ids.length < before.length || !Arrays.equals(ids, 0, before.length, before, 0, before.length)) {
                int[] more = words.encode(text.substring(done, end), false);
                ids = Arrays.copyOf(before, before.length + more.length);
                System.arraycopy(more, 0, ids, before.length, more.length);
            }
            before = ids;
            done = end;
        }
        return before;
    }

    /** Ends that no token straddles, which is what chat templates make. */
    @Test
    void idsAreThoseOfTheWhole() {
        Tokenizer words = tokenizer();
        Random random = new Random(5);
        for (int trial = 0; trial < 300; trial++) {
            StringBuilder text = new StringBuilder();
            int[] ends = new int[8];
            for (int i = 0; i < ends.length; i++) {
                for (int n = random.nextInt(9); n > 0; n--) {
                    text.append(new String[] {"a", "b", "<", ">", "x", "<x>", "<x>>"}[random.nextInt(7)]);
                }
                ends[i] = text.append("<x>").length();
            }
            GrowingIds ids = new GrowingIds(part -> words.encode(part, false), words::restart, text.toString());
            for (int i = 0; i < ends.length; i++) {
                if (ends[i] < text.length() && text.charAt(ends[i]) == '>') {
                    continue;
                }
                ids.growTo(ends[i]);
                assertThat(ids.from(0))
                        .as(text.substring(0, ends[i]))
                        .containsExactly(words.encode(text.substring(0, ends[i]), false));
            }
        }
    }

    @Test
    void whatATokenWouldStraddleIsTokenisedApart() {
        Tokenizer words = tokenizer();
        for (String text : new String[] {"abab", "<x>aab<x>>b", "<x>>a<x>a<x>bb", "bb<x>bab<x>"}) {
            int[] ends = {1, text.length() - 2, text.length() - 1, text.length()};
            GrowingIds ids = new GrowingIds(part -> words.encode(part, false), words::restart, text);
            for (int end : ends) {
                ids.growTo(end);
            }
            assertThat(ids.from(0)).as(text).containsExactly(fromTheBeginning(words, text, ends));
        }
    }

    @Test
    void aConversationIsReadAFewTimesHoweverManyAnswersItHas() {
        Tokenizer words = tokenizer();
        int turns = 500;
        String turn = "<x>ababababab<x>bbbbbbbbbb";
        String text = turn.repeat(turns);
        AtomicLong read = new AtomicLong();
        GrowingIds ids = new GrowingIds(
                part -> {
                    read.addAndGet(part.length());
                    return words.encode(part, false);
                },
                words::restart,
                text);
        for (int i = 1; i <= 2 * turns; i++) {
            ids.growTo(i * turn.length() / 2);
        }
        assertThat(ids.from(0)).containsExactly(words.encode(text, false));
        assertThat(read.get()).isLessThan(6L * text.length());
    }
}
