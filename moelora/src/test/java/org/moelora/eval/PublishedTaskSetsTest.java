package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.io.Json;
import org.moelora.io.JsonRows;
import org.moelora.testing.Published;

/** The test sets of LLM-Adapters, and the scores that their own files imply. */
class PublishedTaskSetsTest {
    private static Path file(String name) {
        return Published.file("tasks/llm-adapters/" + name);
    }

    private static int[] expected(String group, String set) {
        return Json.read(Published.file("tasks/expected_scores.json"))
                .object(group)
                .object("counts")
                .array(set)
                .integers();
    }

    @ParameterizedTest
    @CsvSource({
        "gsm8k, gsm8k, 1319",
        "aqua, AQuA, 254",
        "addsub, AddSub, 395",
        "multiarith, MultiArith, 600",
        "singleeq, SingleEq, 508",
        "svamp, SVAMP, 1000",
        "boolq, boolq, 3270",
        "piqa, piqa, 1838",
        "obqa, openbookqa, 500",
        "arc-e, ARC-Easy, 2376",
        "arc-c, ARC-Challenge, 1172",
        "siqa, social_i_qa, 1954",
        "winogrande, winogrande, 1267",
    })
    void everyRowIsAQuestionWhoseAnswerIsOffered(String name, String folder, int rows) {
        Task task = Task.named(name);
        List<Question> questions = Question.read(file(folder + "/test.json"), task);
        assertThat(questions).hasSize(rows);
        for (Question question : questions) {
            if (!task.choices().isEmpty()) {
                assertThat(task.offered(question.instruction()))
                        .as(question.origin().where())
                        .extracting(Task.Choice::answer)
                        .contains(question.gold());
            }
        }
    }

    /** Answers of three, four or five choices are not compared with choices that the question does not have. */
    @Test
    void onlyOfferedChoicesAreCompared() {
        List<Question> social = Question.read(file("social_i_qa/test.json"), Task.named("siqa"));
        assertThat(social)
                .allMatch(it -> Task.named("siqa").offered(it.instruction()).size() == 3);
        List<Question> books = Question.read(file("openbookqa/test.json"), Task.named("obqa"));
        assertThat(books)
                .allMatch(it -> Task.named("obqa").offered(it.instruction()).size() == 4);
    }

    /** Right answers among the outputs, which in the math sets are a model's rationales. */
    @ParameterizedTest
    @CsvSource({
        "addsub, AddSub, llm_adapters_math_output_vs_answer",
        "multiarith, MultiArith, llm_adapters_math_output_vs_answer",
        "svamp, SVAMP, llm_adapters_math_output_vs_answer",
        "singleeq, SingleEq, llm_adapters_math_output_vs_answer",
        "gsm8k, gsm8k, llm_adapters_math_output_vs_answer",
        "boolq, boolq, commonsense_output_vs_answer",
        "piqa, piqa, commonsense_output_vs_answer",
        "siqa, social_i_qa, commonsense_output_vs_answer",
        "winogrande, winogrande, commonsense_output_vs_answer",
        "arc-e, ARC-Easy, commonsense_output_vs_answer",
        "arc-c, ARC-Challenge, commonsense_output_vs_answer",
        "obqa, openbookqa, commonsense_output_vs_answer",
    })
    void outputsScoreWhatIsPublished(String name, String folder, String group) {
        AnswerRule rule = Task.named(name).rule();
        int[] counts = new int[2];
        JsonRows.read(file(folder + "/test.json"), row -> {
            counts[1]++;
            counts[0] += rule.agrees(rule.extract(row.string("output")), row.string("answer")) ? 1 : 0;
        });
        assertThat(counts).containsExactly(expected(group, folder));
    }

    /** Numbers that others extracted from the same rationales. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "AddSub/addsub_1.json",
                "MultiArith/multiarith_1.json",
                "SVAMP/svamp_1.json",
                "SingleEq/singleeq_1.json",
                "gsm8k/gsm8k_1.json"
            })
    void extractsTheNumberThatOthersDid(String name) {
        AnswerRule rule = Task.named("gsm8k").rule();
        int[] counts = new int[2];
        JsonRows.read(file(name), row -> {
            counts[1]++;
            String pred = String.valueOf(row.get("pred"));
            counts[0] += rule.accepts(pred) && rule.agrees(rule.extract(row.string("chain-of-thought")), pred) ? 1 : 0;
        });
        assertThat(counts).containsExactly(expected("llm_adapters_cot_pred", name.substring(0, name.indexOf('/'))));
    }

    /** The first letter A to E of the rationales is the right one in 109 rows, as Python's {@code re} counts. */
    @Test
    void letters() {
        AnswerRule rule = Task.named("aqua").rule();
        int[] counts = new int[2];
        JsonRows.read(file("AQuA/test.json"), row -> {
            counts[1]++;
            counts[0] += rule.agrees(rule.extract(row.string("output")), row.string("answer")) ? 1 : 0;
        });
        assertThat(counts).containsExactly(109, 254);
    }
}
