package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.text.Tokenizer;
import org.moelora.text.TokenizerFixture;

class SpellingTest {
    private static final int UNKNOWN = 0;
    private static final int A = 1;
    private static final int B = 2;
    private static final int THE = 3;
    private static final int ING = 4;
    private static final int PART = 5;
    private static final int ONE = 6;
    private static final int SPACE_A = 7;

    @Test
    void lettersInARowPartsOfLettersAndUnknownTokensAreCounted(@TempDir Path temp) {
        Tokenizer tokenizer = new TokenizerFixture(
                        "{\"<unk>\": 0, \"a\": 1, \"b\": 2, \"Ġthe\": 3, \"ing\": 4, \"Ã\": 5, \"1\": 6, \"Ġa\": 7}",
                        "[]")
                .model("unk_token", "\"<unk>\"")
                .in(temp);
        int[] ids = {THE, THE, A, B, ING, ONE, PART, UNKNOWN, THE, SPACE_A, THE};
        Spelling all = Spelling.of(List.of(new TokenRow(ids, ids, null, 0)), tokenizer);
        assertThat(all).isEqualTo(new Spelling(9, 3, 1));
        assertThat(all.share()).isEqualTo(4.0 / 9);

        int[] labels = ids.clone();
        Arrays.fill(labels, 0, 8, TokenRow.IGNORED);
        assertThat(Spelling.of(List.of(new TokenRow(ids, labels, null, 0)), tokenizer))
                .isEqualTo(new Spelling(3, 0, 0));
        assertThat(new Spelling(0, 0, 0).share()).isZero();
    }
}
