package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.AdapterPass;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Origin;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.text.Templates;
import org.moelora.text.Tokenizer;

class TaskRunTest {
    /** Answers of one and of several tokens, so that the sum matters, and with beginnings in common. */
    private static final List<String> ANSWERS =
            List.of("garage", "market", "kitchen", "river", "office", "a shop", "the shop");

    private static final Task PLACES = new Task(
            "places",
            new AnswerRule.FirstOf(ANSWERS),
            ANSWERS.stream()
                    .map(it -> new Task.Choice(it, it, "the answer is " + it))
                    .toList(),
            16);

    private static Decoder base;

    @BeforeAll
    static void load() {
        base = Decoder.load(Path.of("../test-models/tiny"));
    }

    @AfterAll
    static void close() {
        base.close();
    }

    private static ExampleEncoder encoder() {
        return new ExampleEncoder(base.tokenizer(), base.config().vocabularySize());
    }

    private static List<Question> questions() {
        List<String> things =
                List.of("oven", "briefcase", "boat", "car", "melon", "desk", "coin", "fish", "spoon", "lamp");
        return IntStream.range(0, 12)
                .mapToObj(i -> new Question(
                        new Origin("questions row " + (i + 1), i, null),
                        "Hugo looks at " + (i % 2 == 0 ? "the " : "a ") + things.get(i % 10)
                                + ". Which place could this be: " + String.join(", ", offered(i)) + "?",
                        null,
                        offered(i).getFirst()))
                .toList();
    }

    /** Between two and all of the answers, in varying order. */
    private static List<String> offered(int i) {
        return IntStream.range(0, 2 + i % 6)
                .mapToObj(j -> ANSWERS.get((i + 3 * j) % 7))
                .toList();
    }

    /** {@code sum_t log softmax(logits)_t} in double, from logits of one pass over the whole text. */
    private static double logProbability(String prompt, String answer) {
        Tokenizer words = base.tokenizer();
        assertThat(words).isNotNull();
        int[] before = words.encode(prompt, true);
        int[] after = words.encode(answer, false);
        int[] ids = Arrays.copyOf(before, before.length + after.length);
        System.arraycopy(after, 0, ids, before.length, after.length);
        try (Tape tape = Tape.inference(base.device())) {
            LanguageModel model = base.plain();
            int[] positions = IntStream.range(before.length - 1, ids.length - 1).toArray();
            float[] logits = model.logits(
                            tape,
                            model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length}),
                            positions)
                    .toArray();
            int vocabulary = logits.length / positions.length;
            double sum = 0;
            for (int t = 0; t < positions.length; t++) {
                double total = 0;
                for (int v = 0; v < vocabulary; v++) {
                    total += Math.exp(logits[t * vocabulary + v]);
                }
                sum += logits[t * vocabulary + after[t]] - Math.log(total);
            }
            return sum;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llm-adapters", "alpaca"})
    void theMostProbableChoiceIsTheAnswer(String style) {
        TaskSettings settings = TaskSettings.DEFAULT
                .withScoring(Scoring.LIKELIHOOD)
                .withPrompt(PromptStyle.parse("--prompt-style", style));
        List<Question> questions = questions();
        TaskScore score = new TaskRun(PLACES, questions, encoder(), settings).score(base.plain());
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            String asked = questions.get(i).instruction();
            String prompt = style.equals("alpaca") ? Templates.alpaca(asked, null) : Templates.llmAdapters(asked, null);
            String best = "";
            double most = Double.NEGATIVE_INFINITY;
            for (String answer : offered(i)) {
                double found = logProbability(prompt, "the answer is " + answer);
                if (found > most) {
                    most = found;
                    best = answer;
                }
            }
            expected.add(best);
        }
        assertThat(score.answers()).extracting(TaskScore.Answer::extracted).isEqualTo(expected);
        assertThat(expected.stream().distinct().count()).isGreaterThan(2);
        long right = IntStream.range(0, expected.size())
                .filter(i -> expected.get(i).equals(offered(i).getFirst()))
                .count();
        assertThat(score.correct()).isEqualTo((int) right);
        assertThat(score.rows()).isEqualTo(12);
        assertThat(score.unread()).isZero();
    }

    /** Letters stand in whatever the model writes. */
    private static Task letters(String... letters) {
        return new Task("letters", new AnswerRule.FirstOf(List.of(letters)), List.of(), 24);
    }

    @Test
    void answersAreReadFromTheMostProbableText() {
        List<Question> questions = questions();
        Task task = letters("o", "y");
        TaskScore score = new TaskRun(task, questions, encoder(), TaskSettings.DEFAULT).score(base.plain());
        Generation generation = Generation.of(base.plain(), GenerationOptions.GREEDY.withMaxTokens(24));
        for (int i = 0; i < questions.size(); i++) {
            String whole = generation
                    .text(Templates.llmAdapters(questions.get(i).instruction(), null))
                    .strip();
            TaskScore.Answer answer = score.answers().get(i);
            int o = whole.indexOf('o');
            int y = whole.indexOf('y');
            assertThat(answer.extracted()).isEqualTo(o < 0 && y < 0 ? null : y < 0 || (o >= 0 && o < y) ? "o" : "y");
            // Not longer than it must be.
            assertThat(whole).startsWith(answer.text());
        }
        assertThat(score.unread()).isLessThan(12);
    }

    @Test
    void itDoesNotMatterHowManyAreAnsweredSideBySide() {
        Task task = letters("q");
        List<TaskScore> scores = new ArrayList<>();
        for (int size : new int[] {1, 5, 64}) {
            TaskSettings settings = TaskSettings.DEFAULT.withBatchSize(size);
            scores.add(new TaskRun(task, questions(), encoder(), settings).score(base.plain()));
        }
        assertThat(scores.get(1)).isEqualTo(scores.get(0));
        assertThat(scores.get(2)).isEqualTo(scores.get(0));
        assertThat(scores.getFirst().answers())
                .anyMatch(answer -> !answer.text().isEmpty());
    }

    @Test
    void numbersHaveNoLikelihood() {
        TaskSettings settings = TaskSettings.DEFAULT.withScoring(Scoring.LIKELIHOOD);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> new TaskRun(Task.named("gsm8k"), questions(), encoder(), settings))
                .withMessageContaining("gsm8k has no choices")
                .withMessageContaining("expected --scoring generate");
    }

    @Test
    void textNeedsATokenizer() {
        ExampleEncoder none = new ExampleEncoder(null, base.config().vocabularySize());
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> new TaskRun(Task.named("gsm8k"), questions(), none, TaskSettings.DEFAULT))
                .withMessageContaining("has no tokenizer.json; expected one");
    }
}
