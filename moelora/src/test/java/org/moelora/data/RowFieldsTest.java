package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.text.ChatTemplate;
import org.moelora.text.Tokenizer;
import org.moelora.text.TokenizerFixture;

/** No field that belongs to a row's text, or says whether it is learned, is left out unsaid. */
class RowFieldsTest {
    private static final String HEADINGS =
            "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '</s>' }}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

    /** Of tools, their calls and answers, in the way of Qwen2.5. */
    private static final String TOOLS =
            "{% if tools %}<tools>{% for t in tools %}{{ t.function.name }};{% endfor %}</s>{% endif %}"
                    + "{% for m in messages %}<{{ m.role }}>{% if m.tool_calls %}{% for c in m.tool_calls %}"
                    + "[{{ c.function.name }}{{ c.function.arguments | tojson }}]{% endfor %}{% else %}{{ m.content }}{% endif %}"
                    + "</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

    @TempDir
    private Path folder;

    private Example read(String row) throws IOException {
        return Examples.read(Files.writeString(folder.resolve("one.jsonl"), row + "\n"))
                .rows()
                .getFirst();
    }

    private ExampleEncoder encoder(@Nullable String template) {
        ChatTemplate chat = template == null
                ? null
                : ChatTemplate.of("t", template, Map.of("bos_token", "<s>", "eos_token", "</s>"));
        return new ExampleEncoder(TokenizerFixture.ofCharacters().withBos().in(folder), 98)
                .withChatTemplate(() -> chat);
    }

    /** ^ is BOS, $ is EOS, what carries loss is in braces. */
    private String shown(@Nullable String template, String row) throws IOException {
        ExampleEncoder encoder = encoder(template);
        TokenRow encoded = encoder.encode(read(row));
        Tokenizer words = encoder.tokenizer();
        StringBuilder text = new StringBuilder();
        boolean inside = false;
        for (int i = 0; i < encoded.length(); i++) {
            boolean loss = encoded.labels()[i] != TokenRow.IGNORED;
            text.append(loss == inside ? "" : loss ? "{" : "}");
            inside = loss;
            int id = encoded.inputIds()[i];
            text.append(id == 0 ? "^" : id == 1 ? "$" : words.decode(new int[] {id}));
        }
        return text.append(inside ? "}" : "").toString();
    }

    private static String talk(String first, String second) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"A\"},{\"role\":\"assistant\",\"content\":\"bad\""
                + first + "},{\"role\":\"user\",\"content\":\"B\"},{\"role\":\"assistant\",\"content\":\"ok\"" + second
                + "}]}";
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`,\"weight\":0`, `,\"weight\":1`",
                "`,\"weight\":0.0`, ``",
                "`,\"train\":false`, `,\"train\":true`",
                "`,\"train_on_turn\":false`, `,\"weight\":null`",
                "`,\"loss\":false,\"weight\":0`, `,\"loss\":1`",
            })
    void anAnswerOfWeightZeroIsReadAndNotLearned(String first, String second) throws IOException {
        assertThat(shown(HEADINGS, talk(first, second))).isEqualTo("<user>A$<assistant>bad$<user>B$<assistant>{ok$}");
        assertThat(shown(null, talk(first, second)))
                .contains("Assistant:\nbad$\n")
                .endsWith("{ok$}");
        assertThat(encoder(HEADINGS)
                        .withLossOnPrompt(true)
                        .encode(read(talk(first, second)))
                        .labels())
                .as("a prompt is learned, and an answer of weight 0 is not")
                .containsSubsequence(TokenRow.IGNORED, 1)
                .contains('A' - 29);
    }

    @Test
    void whatFollowsTheLastLearnedAnswerIsLeftOut() throws IOException {
        assertThat(shown(HEADINGS, talk("", ",\"weight\":0"))).isEqualTo("<user>A$<assistant>{bad$}");
        Prompt prompt = encoder(HEADINGS).prompt(read(talk("", ",\"weight\":0")));
        assertThat(prompt.answer()).isEqualTo("bad");
    }

    /** A template that writes what was thought only in the last answer. */
    @Test
    void anAnswerThatIsNotLearnedMayBeWrittenOtherwiseLater() throws IOException {
        String thinking =
                "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' and loop.last %}(hm){% endif %}"
                        + "{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
        assertThat(shown(thinking, talk(",\"weight\":0", "")))
                .isEqualTo("<user>A$<assistant>bad$<user>B$<assistant>{(hm)ok$}");
        refused(thinking, talk("", ""), "its message 2 is written otherwise");
    }

    @Test
    void aRowOfWeightZeroIsLeftOutAndCounted() throws IOException {
        for (String row : List.of(
                "{\"prompt\":\"a\",\"completion\":\"b\",\"weight\":0}",
                "{\"text\":\"a\",\"sample_weight\":0.0}",
                "{\"input_ids\":[1,2],\"labels\":[1,2],\"train\":false}",
                talk(",\"weight\":0", ",\"weight\":0"))) {
            EncodedExamples encoded = encoder(HEADINGS).encodeAll(new Examples(List.of(read(row))));
            assertThat(encoded.rows()).as(row).isEmpty();
            assertThat(encoded.dropped()).isEqualTo(1);
        }
        refusedPrompt(talk(",\"weight\":0", ",\"weight\":0"), "no answer is to be learned");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`,\"weight\":0.5`, `field \"messages[1].weight\" is 0.5; expected 0 or 1`",
                "`,\"weight\":\"0\"`, `field \"messages[1].weight\" is \"0\"; expected 0 or 1`",
                "`,\"weight\":0,\"train\":true`, `field \"messages[1].train\" is true; expected fields that agree`",
                "`,\"mask\":1`, `field \"messages[1].mask\" is 1; expected no such field`",
                "`,\"training_detail\":[{\"train\":true}]`, `field \"messages[1].training_detail\" is an array; expected no such`",
            })
    void aWeightWhoseMeaningIsNotClearIsRefused(String first, String sentence) {
        assertThatThrownBy(() -> read(talk(first, "")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("one.jsonl line 1: " + sentence);
    }

    @Test
    void onlyAnswersAreLearned() {
        assertThatThrownBy(() -> read("{\"messages\":[{\"role\":\"user\",\"content\":\"A\",\"weight\":1},"
                        + "{\"role\":\"assistant\",\"content\":\"b\"}]}"))
                .hasMessageContaining("field \"messages[0].weight\" is 1; expected 0 or no such field");
    }

    private static final String CALLS = "{\"messages\":[{\"role\":\"user\",\"content\":\"Weather?\"},"
            + "{\"role\":\"assistant\",\"content\":CONTENT,\"tool_calls\":[{\"type\":\"function\","
            + "\"function\":{\"name\":\"w\",\"arguments\":{\"at\":\"x\"}}}]}MORE]ROW}";

    private static String calls(String content, String more, String row) {
        return CALLS.replace("CONTENT", content).replace("MORE", more).replace("ROW", row);
    }

    @Test
    void toolCallsAreGivenToTheTemplate() throws IOException {
        for (String content : List.of("\"\"", "null")) {
            assertThat(shown(TOOLS, calls(content, "", "")))
                    .isEqualTo("<user>Weather?$<assistant>{[w{\"at\": \"x\"}]$}");
        }
        assertThat(shown(
                        TOOLS,
                        calls(
                                "null",
                                ",{\"role\":\"tool\",\"content\":\"dry\"},{\"role\":\"assistant\",\"content\":\"Dry.\"}",
                                ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"w\"}}]")))
                .isEqualTo("<tools>w;$<user>Weather?$<assistant>{[w{\"at\": \"x\"}]$}<tool>dry$<assistant>{Dry.$}");
        assertThat(encoder(TOOLS).prompt(read(calls("null", "", ""))).answer()).startsWith("[w{");
    }

    @Test
    void toolCallsThatTheTemplateDoesNotReadAreRefused() {
        refused(
                HEADINGS,
                calls("\"\"", "", ""),
                "the field \"tool_calls\" of its message 2 is not read by t; expected");
        refused(
                null,
                calls("\"\"", "", ""),
                "its message 2 has the field \"tool_calls\", and the model has no chat template");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"reasoning_content", "thinking", "name", "function_call", "tool_call_id", "images", "refusal"})
    void aPartOfAMessageIsReadOrRefused(String name) throws IOException {
        String row = talk("", ",\"" + name + "\":\"x\"");
        refused(HEADINGS, row, "the field \"" + name + "\" of its message 4 is not read by t");
        refused(null, row, "its message 4 has the field \"" + name + "\", and the model has no chat template");
        String reads = HEADINGS.replace("m.content", "(m['" + name + "'] or '') + m.content");
        assertThat(shown(reads, row)).endsWith("<assistant>{xok$}");
        assertThat(shown(HEADINGS, talk("", ",\"" + name + "\":[]"))).endsWith("{ok$}");
    }

    @Test
    void whatATemplateHasNoPlaceForIsRefused() {
        String noTools = HEADINGS.replace("{{ '<'", "{% if m.role != 'tool' %}{{ '<'")
                .replace("'</s>' }}", "'</s>' }}{% endif %}");
        String answers = ",{\"role\":\"tool\",\"content\":\"dry\"},{\"role\":\"assistant\",\"content\":\"Dry.\"}";
        String row = "{\"messages\":[{\"role\":\"user\",\"content\":\"Weather?\"}" + answers + "]}";
        refused(noTools, row, "its message 2 of the role tool is left out by t");
        refused(null, row, "its message 2 is of the role tool, and the model has no chat template");
        String noSystem = noTools.replace("'tool'", "'system'");
        refused(
                noSystem,
                "{\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"assistant\",\"content\":\"a\"}]}",
                "its message 1 of the role system is left out by t");
        refused(
                HEADINGS,
                talk("", "").replace("]}", "],\"tools\":[{\"name\":\"w\"}]}"),
                "its \"tools\" changes nothing in what t writes");
        refused(
                null,
                talk("", "").replace("]}", "],\"tools\":[{\"name\":\"w\"}]}"),
                "has \"tools\", and the model has no chat");
    }

    @Test
    void readsConversationsInTheFormOfShareGpt() throws IOException {
        String row = "{\"system\":\"S\",\"conversations\":[{\"from\":\"human\",\"value\":\"Hi\"},"
                + "{\"from\":\"gpt\",\"value\":\"Ho\",\"weight\":1}]}";
        assertThat(shown(HEADINGS, row)).isEqualTo("<system>S$<user>Hi$<assistant>{Ho$}");
        assertThat(shown(HEADINGS, talk("", "").replace("]}", "],\"system\":\"S\"}")))
                .startsWith("<system>S$<user>A$");
        assertThatThrownBy(() -> read(row.replace("human", "system")))
                .hasMessageContaining("field \"system\" is \"S\"; expected no such field beside a message");
        assertThatThrownBy(() -> read(row.replace("human", "function_call")))
                .hasMessageContaining("field \"conversations[0].from\" is \"function_call\"; expected system, human");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`{\"instruction\":\"i\",\"output\":\"o\",\"history\":[[\"a\",\"b\"]]}`, `field \"history\" is an array; expected no`",
                "`{\"instruction\":\"i\",\"output\":\"o\",\"system\":\"s\"}`, `field \"system\" is \"s\"; expected no`",
                "`{\"prompt\":\"i\",\"completion\":\"o\",\"tools\":[{}]}`, `field \"tools\" is an array; expected no`",
                "`{\"prompt\":\"i\",\"completion\":\"o\",\"label\":false}`, `field \"label\" is false; expected only rows`",
                "`{\"prompt\":\"i\",\"chosen\":\"o\",\"rejected\":\"p\"}`, `has chosen and rejected, and preferences`",
                "`{\"text\":\"i\",\"images\":[\"a.png\"]}`, `field \"images\" is an array; expected no`",
                "`{\"text\":\"i\",\"weight\":2}`, `field \"weight\" is 2; expected 0 or 1`",
                "`{\"input_ids\":[1],\"labels\":[1],\"attention_mask\":[0]}`, `field \"attention_mask[0]\" is 0; expected 1`",
                "`{\"input_ids\":[1,2],\"labels\":[1,2],\"position_ids\":[0,0]}`, `field \"position_ids[1]\" is 0; expected 1`",
                "`{\"input_ids\":[1],\"labels\":[1],\"completion_mask\":[0]}`, `field \"completion_mask\" is an array; expected no`",
            })
    void aRowsTextLacksNothingUnsaid(String row, String sentence) {
        assertThatThrownBy(() -> read(row))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("one.jsonl line 1: " + sentence)
                .hasMessageContaining("; expected ");
    }

    @Test
    void whatSaysNothingIsNoneOfThese() throws IOException {
        assertThat(read(
                        "{\"instruction\":\"i\",\"output\":\"o\",\"history\":[],\"system\":\"\",\"tools\":null,\"weight\":1,"
                                + "\"label\":true}"))
                .isInstanceOf(Example.Instruction.class);
        assertThat(read("{\"input_ids\":[1,2],\"labels\":[1,2],\"attention_mask\":[1,1],\"position_ids\":[0,1],"
                        + "\"token_type_ids\":[0,0]}"))
                .isInstanceOf(Example.Tokens.class);
    }

    /** The tokenizer itself would put an end after each text. */
    @Test
    void aPromptEndsWithoutAnEndOfSequence() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"add_eos_token\": true, \"eos_token\": \"</s>\"}");
        for (String row : List.of(
                "{\"prompt\":\"a\",\"completion\":\"b\"}", "{\"instruction\":\"a\",\"output\":\"b\"}", talk("", ""))) {
            ExampleEncoder encoder = encoder(null);
            int[] ids = encoder.encode(read(row)).inputIds();
            Prompt prompt = encoder.prompt(read(row));
            assertThat(prompt.ids()).containsExactly(Arrays.copyOf(ids, prompt.ids().length));
            assertThat(prompt.ids()[prompt.ids().length - 1]).isNotEqualTo(1);
            assertThat(ids[ids.length - 1]).isEqualTo(1);
            assertThat(ids[ids.length - 2]).isNotEqualTo(1);
        }
    }

    private void refused(@Nullable String template, String row, String sentence) {
        assertThatThrownBy(() -> encoder(template).encode(read(row)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("one.jsonl line 1: " + sentence)
                .hasMessageContaining("; expected ");
    }

    private void refusedPrompt(String row, String sentence) {
        assertThatThrownBy(() -> encoder(HEADINGS).prompt(read(row)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("one.jsonl line 1: " + sentence);
    }
}
