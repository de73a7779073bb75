package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.data.Example.Message;
import org.moelora.data.Example.Role;
import org.moelora.engine.InputException;
import org.moelora.testing.Published;
import org.moelora.text.ChatMessage;
import org.moelora.text.ChatTemplate;
import org.moelora.text.Tokenizer;
import org.moelora.text.TokenizerFixture;

/** Conversations as chat templates write them: what carries loss is in braces. */
class ChatTextTest {
    private static final Origin ORIGIN = new Origin("data.jsonl line 3", 2, null);

    private static final String HEADINGS =
            "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '</s>' }}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

    @TempDir
    private Path folder;

    private static Example.Chat chat(String... contents) {
        Message[] messages = new Message[contents.length];
        for (int i = 0; i < contents.length; i++) {
            messages[i] = new Message(i % 2 == 0 ? Role.USER : Role.ASSISTANT, contents[i]);
        }
        return new Example.Chat(ORIGIN, List.of(messages));
    }

    private ExampleEncoder encoder(String template) {
        ChatTemplate chat = ChatTemplate.of("t", template, Map.of("bos_token", "<s>", "eos_token", "</s>"));
        return new ExampleEncoder(TokenizerFixture.ofCharacters().withBos().in(folder), 98)
                .withChatTemplate(() -> chat);
    }

    private static String shown(Tokenizer tokenizer, TokenRow row) {
        var text = new StringBuilder();
        for (int from = 0; from < row.length(); ) {
            boolean loss = row.labels()[from] != TokenRow.IGNORED;
            int to = from;
            var part = new StringBuilder();
            while (to < row.length() && (row.labels()[to] != TokenRow.IGNORED) == loss) {
                int id = row.inputIds()[to++];
                part.append(id == 0 ? "^" : id == 1 ? "$" : tokenizer.decode(new int[] {id}));
            }
            text.append(loss ? "{" + part + "}" : part);
            from = to;
        }
        return text.toString();
    }

    private String encoded(ExampleEncoder encoder, Example example) {
        return shown(encoder.tokenizer(), encoder.encode(example));
    }

    @Test
    void learnsWhatTheTemplateWritesForAnswers() {
        assertThat(encoded(encoder(HEADINGS), chat("Hi", "Ho", "1+2?", "3", "Thanks")))
                .isEqualTo("<user>Hi$<assistant>{Ho$}<user>1+2?$<assistant>{3$}");
        var system = new Example.Chat(
                ORIGIN,
                List.of(
                        new Message(Role.SYSTEM, "S"),
                        new Message(Role.ASSISTANT, "A"),
                        new Message(Role.ASSISTANT, "B")));
        assertThat(encoded(encoder(HEADINGS), system)).isEqualTo("<system>S$<assistant>{A$}<assistant>{B$}");
    }

    @Test
    void beginsAsTheTemplateDoes() {
        String llama = "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[' + m.content + ']' }}"
                + "{% else %}{{ ' ' + m.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}";
        assertThat(encoded(encoder(llama), chat("Hi", " Ho "))).isEqualTo("^[Hi]{ Ho $}");
        assertThat(encoded(encoder(llama).withLossOnPrompt(true), chat("Hi", "Ho")))
                .isEqualTo("^{[Hi] Ho $}");
    }

    /** As Phi-3's does. */
    @Test
    void anEndThatStandsAfterTheLastMessageOnlyIsNoPartOfOthers() {
        String phi = "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '.' }}{% endfor %}"
                + "{{ '<assistant>' if add_generation_prompt else eos_token }}";
        assertThat(encoded(encoder(phi), chat("Hi", "Ho", "Bye", "Bye")))
                .isEqualTo("<user>Hi.<assistant>{Ho.}<user>Bye.<assistant>{Bye.$}");
    }

    /** As Qwen3's does with what was thought. */
    @Test
    void aTemplateThatWritesEarlierAnswersOtherwiseTakesOneAnswer() {
        String qwen = "{% for m in messages %}{{ '<' + m.role + '>' }}"
                + "{% if m.role == 'assistant' and loop.last %}{{ '(thought)' }}{% endif %}{{ m.content + '</s>' }}"
                + "{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";
        assertThat(encoded(encoder(qwen), chat("Hi", "Ho"))).isEqualTo("<user>Hi$<assistant>{(thought)Ho$}");
        assertThatThrownBy(() -> encoder(qwen).encode(chat("Hi", "Ho", "Bye", "Bye")))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("data.jsonl line 3: its message 2 is written otherwise by t")
                .hasMessageContaining("; expected ");
    }

    /** As DeepSeek-R1's does: the generation prompt opens a thought that the recorded turn does not have. */
    @Test
    void anAnswerThatDoesNotGoOnFromTheGenerationPromptBeginsAfterItsHeading() {
        String r1 = "{% for m in messages %}{% if m.role == 'user' %}<U>{{ m.content }}{% else %}"
                + "<A>{{ m.content.split('</think>')[-1] }}{{ eos_token }}{% endif %}{% endfor %}"
                + "{% if add_generation_prompt %}<A><think>\n{% endif %}";
        assertThat(encoded(encoder(r1), chat("A", "B"))).isEqualTo("<U>A<A>{B$}");
        assertThat(encoded(encoder(r1), chat("A", "<think>B</think>C", "D", "<this>")))
                .isEqualTo("<U>A<A>{C$}<U>D<A>{<this>$}");
        assertThatThrownBy(() -> encoder("<U>{{ messages[0].content }}{% if add_generation_prompt %}<A>{% endif %}")
                        .encode(chat("A", "B")))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("data.jsonl line 3: its message 2 has no text of its own")
                .hasMessageContaining("; expected ");
    }

    @Test
    void whatTheTemplateRefusesIsRefusedWithItsRow() {
        assertThatThrownBy(() -> encoder("{{ raise_exception('no ' + messages[0].role) }}")
                        .encode(chat("Hi", "Ho")))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("data.jsonl line 3: t: the chat template refuses the messages: \"no user\"");
        assertThatThrownBy(() -> encoder("{{ messages[0].content }}{{ add_generation_prompt }}")
                        .encode(chat("Hi", "Ho")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("its message 2");
    }

    @Test
    void asksTheSameIdsThatItTrains() {
        Prompt prompt = encoder(HEADINGS).prompt(chat("Hi", "Ho", "1+2?", "3"));
        int[] row = encoder(HEADINGS).encode(chat("Hi", "Ho", "1+2?", "3")).inputIds();
        assertThat(prompt.answer()).isEqualTo("3");
        assertThat(prompt.ids()).containsExactly(Arrays.copyOf(row, prompt.ids().length));
        assertThat(prompt.answerIds()).containsExactly(Arrays.copyOfRange(row, prompt.ids().length, row.length));
    }

    /** {@code ab} is a token, but the question ends between its letters. */
    @Test
    void noTokenStandsOnBothSides() {
        Tokenizer tokenizer =
                new TokenizerFixture("{\"a\": 0, \"b\": 1, \"ab\": 2, \"ba\": 3}", "[\"a b\", \"b a\"]").in(folder);
        ChatTemplate template = ChatTemplate.of("t", "{% for m in messages %}{{ m.content }}{% endfor %}", Map.of());
        TokenRow row = new ExampleEncoder(tokenizer, 4)
                .withChatTemplate(() -> template)
                .encode(chat("aba", "ba"));
        assertThat(row.inputIds()).containsExactly(2, 0, 3);
        assertThat(row.labels()).containsExactly(-100, -100, 3);
    }

    @Test
    void rowsOfOtherShapesDoNotAskForATemplate() {
        ExampleEncoder encoder = new ExampleEncoder(
                        TokenizerFixture.ofCharacters().in(folder), 98)
                .withChatTemplate(() -> {
                    throw new InputException("no template");
                });
        assertThat(encoder.encode(new Example.Text(ORIGIN, "a")).length()).isEqualTo(2);
        assertThatThrownBy(() -> encoder.encode(chat("a", "b"))).hasMessage("no template");
    }

    @Test
    void learnsAnswersInQwensPublishedForm() {
        Path published = Published.file("tokenizers/qwen2.5");
        Tokenizer tokenizer = Tokenizer.read(published.resolve("tokenizer.json"));
        ChatTemplate template = ChatTemplate.read(published);
        TokenRow row = new ExampleEncoder(tokenizer, tokenizer.vocabularySize())
                .withChatTemplate(() -> template)
                .encode(chat("Hi", "Hello.", "1+2?", "3"));
        int start = 151644;
        int end = 151645;
        int newline = tokenizer.encode("\n", false)[0];
        int[] ids = row.inputIds();
        int[] user = tokenizer.encode("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", false);
        int[] answer = tokenizer.encode("Hello.<|im_end|>\n", false);
        assertThat(ids[0]).isEqualTo(start);
        assertThat(answer[answer.length - 2]).isEqualTo(end);
        assertThat(answer[answer.length - 1]).isEqualTo(newline);
        assertThat(Arrays.stream(row.labels())
                        .filter(label -> label != TokenRow.IGNORED)
                        .toArray())
                .containsExactly(
                        IntStream.concat(Arrays.stream(answer), Arrays.stream(tokenizer.encode("3<|im_end|>\n", false)))
                                .toArray());
        assertThat(tokenizer.encode(template.render(List.of(new ChatMessage("user", "Hi")), true), false))
                .endsWith(user)
                .containsExactly(Arrays.copyOf(ids, indexOfFirstLabel(row)));
    }

    /** Sentencepiece's words begin with their space, so an answer's first token depends on the heading before it. */
    @Test
    void learnsAnswersInTinyLlamasPublishedForm() {
        Path published = Published.file("tokenizers/tinyllama");
        Tokenizer tokenizer = Tokenizer.read(published.resolve("tokenizer.json"));
        ChatTemplate template = ChatTemplate.read(published);
        TokenRow row = new ExampleEncoder(tokenizer, tokenizer.vocabularySize())
                .withChatTemplate(() -> template)
                .encode(chat("Hi", "Hello.", "1+2?", "3"));
        String whole = "<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n<|user|>\n1+2?</s>\n<|assistant|>\n3</s>\n";
        assertThat(row.inputIds()).containsExactly(tokenizer.encode(whole, false));
        int end = tokenizer.eosId().orElseThrow();
        int[] labels = Arrays.stream(row.labels())
                .filter(label -> label != TokenRow.IGNORED)
                .toArray();
        assertThat(Arrays.stream(labels).filter(label -> label == end)).hasSize(2);
        // Its normalizer puts a space before what follows a special token.
        assertThat(tokenizer.decode(labels)).isEqualTo("Hello. \n3 \n");
        int[] asked = tokenizer.encode("<|user|>\nHi</s>\n<|assistant|>\n", false);
        assertThat(Arrays.copyOf(row.inputIds(), indexOfFirstLabel(row))).containsExactly(asked);
    }

    private static int indexOfFirstLabel(TokenRow row) {
        int at = 0;
        while (row.labels()[at] == TokenRow.IGNORED) {
            at++;
        }
        return at;
    }
}
