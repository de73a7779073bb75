package org.moelora.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

class PublishedTest {
    private static final String PROPERTY = "moelora.published";

    private String before;

    @BeforeEach
    void remember() {
        before = System.getProperty(PROPERTY);
    }

    @AfterEach
    void restore() {
        set(before);
    }

    private static void set(String value) {
        if (value == null) {
            System.clearProperty(PROPERTY);
        } else {
            System.setProperty(PROPERTY, value);
        }
    }

    @ParameterizedTest
    @NullAndEmptySource
    void withoutTheFolderATestIsSkippedByWhatItNeeds(String absent) {
        set(absent);
        assertThatThrownBy(() -> Published.file("models/one"))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("needs -Dmoelora.published=DIR with models/one");
    }

    @Test
    void aRelativeFolderCountsFromTheProjectsRoot() {
        set("test-models");
        assertThat(Published.file("tiny/config.json"))
                .isEqualTo(Path.of("../test-models/tiny/config.json")
                        .toAbsolutePath()
                        .normalize());
    }

    @Test
    void aFileThatTheFolderLacksIsAFailure() {
        set("test-models");
        assertThatThrownBy(() -> Published.file("tiny/absent.json"))
                .isInstanceOf(AssertionFailedError.class)
                .hasMessageContaining("absent.json")
                .hasMessageContaining("expected it in the folder of -Dmoelora.published");
    }
}
