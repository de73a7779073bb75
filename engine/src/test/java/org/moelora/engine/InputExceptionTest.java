package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A sentence quotes what files say, and stays one line that can be seen. */
class InputExceptionTest {
    @Test
    void whatIsNotSeenIsEscaped() {
        assertThat(new InputException("a\u0003\n\u202Eb\u2028\uD83D \uD83D\uDE42 \u0103é"))
                .hasMessage("a\\u0003\\u000a\\u202eb\\u2028\\ud83d \uD83D\uDE42 \u0103é");
    }

    @Test
    void aLongTextIsCutInTheMiddle() {
        assertThat(new InputException("begin" + "\u0000".repeat(100_000) + "end").getMessage())
                .hasSizeLessThan(5000)
                .startsWith("begin")
                .endsWith("end");
    }
}
