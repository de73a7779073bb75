package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.data.Example.Message;
import org.moelora.data.Example.Role;
import org.moelora.engine.InputException;
import org.moelora.text.Tokenizer;
import org.moelora.text.TokenizerFixture;

/** With a tokenizer of one id per character, rows are shown as text: ^ is BOS, $ is EOS, and what carries loss is in braces. */
class ExampleEncoderTest {
    private static final Origin ORIGIN = new Origin("data.jsonl line 3", 2, "sums");
    private static final int SIZE = 98;

    @TempDir
    private Path folder;

    private ExampleEncoder encoder() {
        return new ExampleEncoder(TokenizerFixture.ofCharacters().withBos().in(folder), SIZE);
    }

    private ExampleEncoder withoutBos() {
        return new ExampleEncoder(TokenizerFixture.ofCharacters().in(folder), SIZE);
    }

    private static String shown(TokenRow row) {
        var text = new StringBuilder();
        boolean inside = false;
        for (int i = 0; i < row.length(); i++) {
            boolean label = row.labels()[i] != TokenRow.IGNORED;
            if (label) {
                assertThat(row.labels()[i]).isEqualTo(row.inputIds()[i]);
            }
            text.append(label == inside ? "" : label ? "{" : "}").append(shown(row.inputIds()[i]));
            inside = label;
        }
        return text.append(inside ? "}" : "").toString();
    }

    private static String shown(int... ids) {
        return IntStream.of(ids)
                .mapToObj(id -> switch (id) {
                    case 0 -> "^";
                    case 1 -> "$";
                    case 2 -> "\n";
                    default -> Character.toString(id + 29);
                })
                .reduce("", String::concat);
    }

    private static Example completion(String prompt, String completion) {
        return new Example.Completion(ORIGIN, prompt, completion);
    }

    private static Example instruction(@Nullable String input) {
        return new Example.Instruction(ORIGIN, "Add them.", input, "3");
    }

    private static Example chat() {
        return new Example.Chat(
                ORIGIN,
                List.of(
                        new Message(Role.SYSTEM, "Be brief."),
                        new Message(Role.USER, "Hi"),
                        new Message(Role.ASSISTANT, "Hello"),
                        new Message(Role.USER, "1+2?"),
                        new Message(Role.ASSISTANT, "3"),
                        new Message(Role.USER, "Thanks")));
    }

    @Test
    void keepsTheRowsPlaceAndTask() {
        TokenRow row = encoder().encode(completion("a", "b"));
        assertThat(row.row()).isEqualTo(2);
        assertThat(row.task()).isEqualTo("sums");
    }

    @Test
    void putsPromptAndCompletionTogetherAsTheyAre() {
        assertThat(shown(encoder().encode(completion("1+2=", "3")))).isEqualTo("^1+2={3$}");
        assertThat(shown(encoder().encode(completion("Q: ", " A")))).isEqualTo("^Q: { A$}");
        assertThat(shown(encoder().encode(completion("", "")))).isEqualTo("^{$}");
        assertThat(shown(withoutBos().encode(completion("1+2=", "3")))).isEqualTo("1+2={3$}");
    }

    @Test
    void learnsAllOfAText() {
        assertThat(shown(encoder().encode(new Example.Text(ORIGIN, "Once.")))).isEqualTo("^{Once.$}");
        assertThat(shown(withoutBos().encode(new Example.Text(ORIGIN, "Once."))))
                .isEqualTo("{Once.$}");
    }

    @Test
    void putsInstructionsIntoAlpacasTemplate() {
        String without = """
            ^Below is an instruction that describes a task. Write a response that appropriately completes the request.

            ### Instruction:
            Add them.

            ### Response:
            {3$}\
            """;
        assertThat(shown(encoder().encode(instruction(null)))).isEqualTo(without);
        assertThat(shown(encoder().encode(instruction("")))).isEqualTo(without);
        assertThat(shown(encoder().encode(instruction("1 and 2")))).isEqualTo("""
            ^Below is an instruction that describes a task, paired with an input that provides further context. \
            Write a response that appropriately completes the request.

            ### Instruction:
            Add them.

            ### Input:
            1 and 2

            ### Response:
            {3$}\
            """);
    }

    @Test
    void learnsEachAnswerOfAConversation() {
        assertThat(shown(encoder().encode(chat()))).isEqualTo("""
            ^### System:
            Be brief.

            ### User:
            Hi

            ### Assistant:
            {Hello$}

            ### User:
            1+2?

            ### Assistant:
            {3$}\
            """);
    }

    @Test
    void learnsPromptsIfAskedTo() {
        ExampleEncoder encoder = encoder().withLossOnPrompt(true);
        assertThat(shown(encoder.encode(completion("1+2=", "3")))).isEqualTo("^{1+2=3$}");
        assertThat(encoder.encode(tokens(new int[] {4, 5}, new int[] {-100, 5})).labels())
                .containsExactly(-100, 5);
    }

    /** "ab" is a token, but the prompt ends between its letters. */
    @Test
    void tokenizesPromptAndAnswerApart() {
        Tokenizer tokenizer = new TokenizerFixture("{\"a\": 0, \"b\": 1, \"ab\": 2, \"</s>\": 3}", "[\"a b\"]")
                .field("added_tokens", "[{\"id\": 3, \"content\": \"</s>\", \"special\": true}]")
                .in(folder);
        TokenRow row = new ExampleEncoder(tokenizer, 4).encode(completion("aba", "bab"));
        assertThat(row.inputIds()).containsExactly(2, 0, 1, 2, 3);
        assertThat(row.labels()).containsExactly(-100, -100, 1, 2, 3);
    }

    private static Example.Tokens tokens(int[] ids, int[] labels) {
        return new Example.Tokens(ORIGIN, ids, labels);
    }

    @Test
    void takesTokensAsTheyAreWithoutATokenizer() {
        TokenRow row = new ExampleEncoder(null, 10).encode(tokens(new int[] {1, 9, 3}, new int[] {-100, 9, 4}));
        assertThat(row.inputIds()).containsExactly(1, 9, 3);
        assertThat(row.labels()).containsExactly(-100, 9, 4);
    }

    @Test
    void asksWhatComesBeforeTheLastAnswer() {
        Prompt prompt = encoder().prompt(completion("1+2=", " 3"));
        assertThat(shown(prompt.ids())).isEqualTo("^1+2=");
        assertThat(prompt.answer()).isEqualTo(" 3");
        assertThat(shown(prompt.answerIds())).isEqualTo(" 3$");
        assertThat(prompt.origin()).isEqualTo(ORIGIN);
        assertThat(shown(encoder().prompt(chat()).ids()))
                .endsWith("{Hello$".substring(1) + "\n\n### User:\n1+2?\n\n### Assistant:\n");
        assertThat(encoder().prompt(chat()).answer()).isEqualTo("3");
        assertThat(encoder().prompt(instruction(null)).answer()).isEqualTo("3");
    }

    @Test
    void asksTheSameIdsThatItTrains() {
        for (Example example : List.of(completion("a b", "c"), instruction("x"), chat())) {
            Prompt prompt = encoder().prompt(example);
            int[] row = encoder().encode(example).inputIds();
            int length = prompt.ids().length;
            assertThat(prompt.ids()).containsExactly(Arrays.copyOf(row, length));
            assertThat(prompt.answerIds()).containsExactly(Arrays.copyOfRange(row, length, row.length));
        }
    }

    @Test
    void asksTokensUpToTheFirstLabel() {
        Example.Tokens row = tokens(new int[] {0, 36, 37, 38, 1, 39}, new int[] {0, -100, -100, 38, 1, -100});
        Prompt prompt = new ExampleEncoder(null, SIZE).prompt(row);
        assertThat(prompt.ids()).containsExactly(0, 36, 37);
        assertThat(prompt.answerIds()).containsExactly(38, 1);
        assertThat(prompt.answer()).isNull();
        assertThat(encoder().prompt(row).answer()).isEqualTo("C");
    }

    @Test
    void cutsFromTheEndAndDropsWhatKeepsNoLabel() {
        Examples examples = new Examples(List.of(
                completion("1234", "56"), completion("1", "2"), completion("12345", "6"), completion("12", "3456")));
        EncodedExamples encoded = encoder().withMaxLength(6).encodeAll(examples);
        assertThat(encoded.rows().stream().map(ExampleEncoderTest::shown))
                .containsExactly("^1234{5}", "^1{2$}", "^12{345}");
        assertThat(encoded.cut()).isEqualTo(2);
        assertThat(encoded.dropped()).isEqualTo(1);
        assertThat(encoded.tokens()).isEqualTo(6 + 4 + 6);
        assertThat(encoded.labels()).isEqualTo(1 + 2 + 3);
    }

    @Test
    void skipsOrRefusesRowsThatAreTooLong() {
        Examples examples = new Examples(List.of(completion("1234", "56"), completion("1", "2")));
        EncodedExamples encoded = encoder().withMaxLength(6, LongRows.SKIP).encodeAll(examples);
        assertThat(encoded.rows().stream().map(ExampleEncoderTest::shown)).containsExactly("^1{2$}");
        assertThat(encoded.skipped()).isEqualTo(1);
        assertThat(encoded.cut() + encoded.dropped()).isZero();
        refused(
                () -> encoder().withMaxLength(6, LongRows.REFUSE).encodeAll(examples),
                "data.jsonl line 3: has 8 tokens; expected at most 6");
    }

    /** Nothing predicts the first token, so a label there does not count. */
    @Test
    void dropsRowsWithoutALabelThatCounts() {
        Examples examples = new Examples(List.of(
                tokens(new int[] {1, 2}, new int[] {1, -100}),
                tokens(new int[] {1}, new int[] {1}),
                completion("", "")));
        EncodedExamples encoded = withoutBos().encodeAll(examples);
        assertThat(encoded.rows()).isEmpty();
        assertThat(encoded.dropped()).isEqualTo(3);
        assertThat(encoded.cut()).isZero();
    }

    @Test
    void refusesInOneSentenceThatNamesTheRow() {
        var none = new ExampleEncoder(null, 10);
        refused(
                () -> none.encode(completion("a", "b")),
                "data.jsonl line 3: a row of text, and the model has no tokenizer.json");
        refused(
                () -> none.encode(tokens(new int[] {1, 10}, new int[] {1, 2})),
                "data.jsonl line 3: field \"input_ids[1]\" is 10; expected an id of the model's vocabulary, 0 to 9");
        refused(
                () -> none.encode(tokens(new int[] {1, 2}, new int[] {1, 10})),
                "data.jsonl line 3: field \"labels[1]\" is 10; expected");
        refused(
                () -> none.encode(tokens(new int[] {-100, 2}, new int[] {1, 1})),
                "data.jsonl line 3: field \"input_ids[0]\"");
        refused(
                () -> none.prompt(tokens(new int[] {1, 2}, new int[] {1, -100})),
                "data.jsonl line 3: no token after the first");
        refused(
                () -> encoder().prompt(new Example.Text(ORIGIN, "x")),
                "data.jsonl line 3: a row of text has no question");
        refused(() -> withoutBos().prompt(completion("", "x")), "data.jsonl line 3: the prompt is empty");
        Tokenizer tokenizer = TokenizerFixture.ofCharacters().in(folder);
        refused(
                () -> new ExampleEncoder(tokenizer, 36).encode(completion("@", "A")),
                "data.jsonl line 3: its text has the token 36, and the model's embedding has 36 rows; expected");
        Tokenizer endless = new TokenizerFixture("{\"a\": 0}", "[]").in(folder);
        refused(
                () -> new ExampleEncoder(endless, 1).encode(completion("a", "a")),
                folder.resolve("tokenizer.json") + ": which token ends a text is not known; expected eos_token");
    }

    private static void refused(Runnable what, String sentence) {
        assertThatThrownBy(what::run)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(sentence)
                .hasMessageContaining("; expected ")
                .hasMessageNotContaining("\n");
    }
}
