package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerRuleTest {
    private static String extracted(String task, String text) {
        String answer = Task.named(task).rule().extract(text);
        return answer == null ? "none" : answer;
    }

    /** What Python's {@code re.findall(r'-?\d+\.?\d*', text.replace(',', ''))[-1]} is. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "The answer is 18.                          | 18.",
                "It is 1,234,567 in all                     | 1234567",
                "from 3 to -7                               | -7",
                "5-3                                        | -3",
                "costs $12.50 each                          | 12.50",
                "a half is .5                               | 5",
                "version 1.2.3                              | 3",
                "3e5                                        | 5",
                "50%                                        | 50",
                "12, 13                                     | 13",
                "12,13                                      | 1213",
                "x = ٤٢                                     | 42",
                "twelve                                     | none",
                "-                                          | none",
            })
    void numbersAreTheLastOfTheText(String text, String answer) {
        for (String task : List.of("gsm8k", "addsub", "multiarith", "singleeq", "svamp")) {
            assertThat(extracted(task, text)).as(task).isEqualTo(answer);
        }
    }

    /** What Python's {@code re.findall} of the alternatives gives first. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "aqua       | The answer is (D)                        | D",
                "aqua       | (e) is not, C is                         | C",
                "aqua       | Both options fit, so (A)                 | B",
                "aqua       | 12                                       | none",
                "boolq      | the correct answer is true               | true",
                "boolq      | untrue, so false                         | true",
                "boolq      | True                                     | none",
                "piqa       | solution2, not solution1                 | solution2",
                "piqa       | solution3                                | none",
                "piqa       | solution 1                               | none",
                "obqa       | the correct answer is answer4            | answer4",
                "arc-e      | Answer3 or answer1                       | answer1",
                "arc-c      | answer12                                 | answer1",
                "arc-c      | answer6 answer5                          | answer5",
                "siqa       | the correct answer is answer3            | answer3",
                "winogrande | option3, option2                         | option2",
                "hellaswag  | the correct answer is ending4, not ending1 | ending4",
                "hellaswag  | ending5                                  | none",
            })
    void choicesAreTheFirstOfTheText(String task, String text, String answer) {
        assertThat(extracted(task, text)).isEqualTo(answer);
    }

    @Test
    void noContinuationChangesADecidedAnswer() {
        AnswerRule rule = Task.named("boolq").rule();
        assertThat(rule.isDecided("the correct answer is tru")).isFalse();
        assertThat(rule.isDecided("the correct answer is true")).isTrue();
        assertThat(rule.extract("the correct answer is true, not false")).isEqualTo("true");
        assertThat(Task.named("gsm8k").rule().isDecided("4")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "18., 18.0, true",
        "18, 18, true",
        "0.3333, 0.33333333, true",
        "0.332, 0.33333333, false",
        "1.0005, 1, true",
        "1.0015, 1, false",
        "-3, 3, false",
        "1000, 1e3, true",
    })
    void numbersAgreeWithinAThousandth(String found, String gold, boolean right) {
        AnswerRule rule = Task.named("svamp").rule();
        assertThat(rule.accepts(gold)).isTrue();
        assertThat(rule.agrees(found, gold)).isEqualTo(right);
        assertThat(rule.agrees(null, gold)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "gsm8k, twelve",
        "gsm8k, NaN",
        "gsm8k, 0x10",
        "gsm8k, '1,000'",
        "aqua, F",
        "aqua, a",
        "boolq, True",
        "piqa, solution3",
        "obqa, answer6",
        "winogrande, option3",
        "hellaswag, ending5",
        "siqa, '3'"
    })
    void otherGoldAnswersAreNotTheTasks(String task, String gold) {
        assertThat(Task.named(task).rule().accepts(gold)).isFalse();
    }

    @Test
    void aNumberOfManyDigitsIsReadInLinearTimeAndIsWrong() {
        String long1 = "9".repeat(200_000);
        AnswerRule rule = Task.named("gsm8k").rule();
        assertThat(rule.extract(long1)).isEqualTo(long1);
        assertThat(rule.agrees(long1, "9")).isFalse();
        assertThat(rule.accepts(long1)).isFalse();
    }

    @Test
    void candidatesMustBeToldApart() {
        assertThatIllegalArgumentException().isThrownBy(() -> new AnswerRule.FirstOf(List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnswerRule.FirstOf(List.of("a", "")));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnswerRule.FirstOf(List.of("answer1", "answer12")));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnswerRule.FirstOf(List.of("untrue", "true")));
        assertThatIllegalArgumentException().isThrownBy(() -> new AnswerRule.LastNumber(Double.NaN));
    }
}
