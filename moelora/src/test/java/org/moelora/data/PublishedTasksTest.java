package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.testing.Published;

/** Task files of LLM-Adapters, which are arrays of instructions with fields of their own beside. */
class PublishedTasksTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "ARC-Challenge/test.json, 1172",
        "ARC-Easy/test.json, 2376",
        "AddSub/test.json, 395",
        "AQuA/test.json, 254",
        "MultiArith/test.json, 600",
        "SVAMP/test.json, 1000",
        "SingleEq/test.json, 508",
        "boolq/test.json, 3270",
        "boolq/train.json, 9427",
        "gsm8k/test.json, 1319",
        "openbookqa/test.json, 500",
        "piqa/test.json, 1838",
        "social_i_qa/test.json, 1954",
        "winogrande/test.json, 1267",
    })
    void readsEveryRow(String name, int rows) {
        Examples examples = Examples.read(Published.file("tasks/llm-adapters/" + name));
        assertThat(examples.size()).isEqualTo(rows);
        // Outputs are a model's, and some of them are empty.
        assertThat(examples.rows().stream()
                        .filter(row -> row instanceof Example.Instruction it
                                && !it.instruction().isBlank()))
                .hasSize(rows);
    }
}
