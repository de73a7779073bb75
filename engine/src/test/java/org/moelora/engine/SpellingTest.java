package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpellingTest {
    private static final List<String> NAMES =
            List.of("--model", "--data", "--top-k", "--top-p", "--task", "--tasks", "q8_0");

    @Test
    void whatTakesTheFewestEditsIsNearest() {
        assertThat(Spelling.nearest("--modle", NAMES)).contains("--model");
        assertThat(Spelling.nearest("--Model", NAMES)).contains("--model");
        assertThat(Spelling.nearest("--tsak", NAMES)).contains("--task");
        assertThat(Spelling.nearest("--taskss", NAMES)).contains("--tasks");
        assertThat(Spelling.nearest("--topk", NAMES)).contains("--top-k");
        assertThat(Spelling.nearest("q8", NAMES)).contains("q8_0");
    }

    @Test
    void whatIsFarFromAllHasNone() {
        assertThat(Spelling.nearest("--learning-rate", NAMES)).isEmpty();
        assertThat(Spelling.nearest("", NAMES)).isEmpty();
        assertThat(Spelling.nearest("x", NAMES)).isEmpty();
        assertThat(Spelling.suggestion("x", NAMES)).isEmpty();
        assertThat(Spelling.suggestion("--modle", NAMES)).isEqualTo("; did you mean --model?");
    }
}
