package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.moelora.engine.InputException;
import org.moelora.io.GgufFile;
import org.moelora.testing.Published;

/** The conversations of published families, in templates of the constructs that theirs are made of, and the texts that these families were trained on. */
class ChatTemplateTest {
    private static final List<ChatMessage> TURNS = List.of(
            new ChatMessage("system", "Be kind."),
            new ChatMessage("user", " Hi\nthere "),
            new ChatMessage("assistant", "<think>\nhm\n</think>\n\nHello."),
            new ChatMessage("user", "Bye"));

    private static final List<ChatMessage> ONE = List.of(new ChatMessage("user", "Hi"));

    @TempDir
    private Path folder;

    enum Family {
        LLAMA_2("""
                {% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set first = messages[0]['content'] %}\
                {% else %}{% set rest = messages %}{% set first = false %}{% endif %}\
                {% for turn in rest %}\
                {% if (turn['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns must alternate') }}{% endif %}\
                {% if loop.index0 == 0 and first != false %}\
                {% set content = '<<SYS>>\\n' + first + '\\n<</SYS>>\\n\\n' + turn['content'] %}\
                {% else %}{% set content = turn['content'] %}{% endif %}\
                {% if turn['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}\
                {% elif turn['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}\
                {% endfor %}""", """
                <s>[INST] <<SYS>>
                Be kind.
                <</SYS>>

                 Hi
                there [/INST] <think>
                hm
                </think>

                Hello. </s><s>[INST] Bye [/INST]""", "<s>[INST] Hi [/INST]"),
        LLAMA_3(
                """
                {%- set ns = namespace(text=bos_token) %}
                {%- for turn in messages %}
                    {%- set head = '<|start_header_id|>' ~ turn.role ~ '<|end_header_id|>\\n\\n' %}
                    {%- set ns.text = ns.text + head + turn['content'] | trim + '<|eot_id|>' %}
                {%- endfor %}
                {{- ns.text }}
                {%- if add_generation_prompt %}
                    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
                {%- endif %}
                """,
                """
                <s><|start_header_id|>system<|end_header_id|>

                Be kind.<|eot_id|><|start_header_id|>user<|end_header_id|>

                Hi
                there<|eot_id|><|start_header_id|>assistant<|end_header_id|>

                <think>
                hm
                </think>

                Hello.<|eot_id|><|start_header_id|>user<|end_header_id|>

                Bye<|eot_id|><|start_header_id|>assistant<|end_header_id|>

                """,
                "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n"),
        MISTRAL("""
                {{ bos_token }}{% for turn in messages if turn.role != 'system' %}\
                {% if turn['role'] == 'user' %}{{ '[INST] ' + turn['content'] + ' [/INST]' }}\
                {% elif turn['role'] == 'assistant' %}{{ turn['content'] + eos_token }}\
                {% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}""", """
                <s>[INST]  Hi
                there  [/INST]<think>
                hm
                </think>

                Hello.</s>[INST] Bye [/INST]""", "<s>[INST] Hi [/INST]"),
        QWEN_3("""
                {%- if messages[0].role == 'system' %}
                    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
                {%- endif %}
                {%- set seen = namespace(open=true, last=messages|length - 1) %}
                {%- for turn in messages[::-1] %}
                    {%- set at = (messages|length - 1) - loop.index0 %}
                    {%- if seen.open and turn.role == "user" and not(turn.content.startswith('<tool>') and turn.content.endswith('</tool>')) %}
                        {%- set seen.open = false %}
                        {%- set seen.last = at %}
                    {%- endif %}
                {%- endfor %}
                {%- for turn in messages %}
                    {%- if turn.role == "user" or (turn.role == "system" and not loop.first) %}
                        {{- '<|im_start|>' + turn.role + '\\n' + turn.content + '<|im_end|>' + '\\n' }}
                    {%- elif turn.role == "assistant" %}
                        {%- set said = turn.content %}
                        {%- set thought = '' %}
                        {%- if turn.thought is defined and turn.thought is not none %}
                            {%- set thought = turn.thought %}
                        {%- elif '</think>' in turn.content %}
                            {%- set said = turn.content.split('</think>')[-1].lstrip('\\n') %}
                            {%- set thought = turn.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                        {%- endif %}
                        {%- if loop.index0 > seen.last and (loop.last or thought) %}
                            {{- '<|im_start|>' + turn.role + '\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + said.lstrip('\\n') }}
                        {%- else %}
                            {{- '<|im_start|>' + turn.role + '\\n' + said }}
                        {%- endif %}
                        {{- '<|im_end|>\\n' }}
                    {%- endif %}
                {%- endfor %}
                {%- if add_generation_prompt %}
                    {{- '<|im_start|>assistant\\n' }}
                    {%- if enable_thinking is defined and enable_thinking is false %}
                        {{- '<think>\\n\\n</think>\\n\\n' }}
                    {%- endif %}
                {%- endif %}""", """
                <|im_start|>system
                Be kind.<|im_end|>
                <|im_start|>user
                 Hi
                there <|im_end|>
                <|im_start|>assistant
                Hello.<|im_end|>
                <|im_start|>user
                Bye<|im_end|>
                <|im_start|>assistant
                """, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
        GEMMA_3("""
                {{ bos_token }}
                {%- if messages[0]['role'] == 'system' -%}
                    {%- set before = (messages[0]['content'] if messages[0]['content'] is string else messages[0]['content'][0]['text']) + '

                ' -%}
                    {%- set turns = messages[1:] -%}
                {%- else -%}
                    {%- set before = "" -%}
                    {%- set turns = messages -%}
                {%- endif -%}
                {%- for turn in turns -%}
                    {%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) -%}
                        {{ raise_exception("turns must alternate") }}
                    {%- endif -%}
                    {%- set role = "model" if turn['role'] == 'assistant' else turn['role'] -%}
                    {{ '<start_of_turn>' + role + '
                ' + (before if loop.first else "") }}
                    {%- if turn['content'] is string -%}
                        {{ turn['content'] | trim }}
                    {%- elif turn['content'] is iterable -%}
                        {%- for item in turn['content'] -%}
                            {%- if item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
                        {%- endfor -%}
                    {%- endif -%}
                    {{ '<end_of_turn>
                ' }}
                {%- endfor -%}
                {%- if add_generation_prompt -%}
                    {{ '<start_of_turn>model
                ' }}
                {%- endif -%}
                """, """
                <s><start_of_turn>user
                Be kind.

                Hi
                there<end_of_turn>
                <start_of_turn>model
                <think>
                hm
                </think>

                Hello.<end_of_turn>
                <start_of_turn>user
                Bye<end_of_turn>
                <start_of_turn>model
                """, "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"),
        PHI_3("""
                {% for turn in messages %}{% if turn['role'] in ['system', 'user', 'assistant'] %}\
                {{ '<|' + turn['role'] + '|>\\n' + turn['content'] + '<|end|>\\n' }}{% endif %}{% endfor %}\
                {% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}""", """
                <|system|>
                Be kind.<|end|>
                <|user|>
                 Hi
                there <|end|>
                <|assistant|>
                <think>
                hm
                </think>

                Hello.<|end|>
                <|user|>
                Bye<|end|>
                <|assistant|>
                """, "<|user|>\nHi<|end|>\n<|assistant|>\n"),
        ZEPHYR("""
                {% for turn in messages %}
                {% if turn['role'] == 'user' %}
                {{ '<|user|>
                ' + turn['content'] + eos_token }}
                {% elif turn['role'] == 'system' %}
                {{ '<|system|>
                ' + turn['content'] + eos_token }}
                {% elif turn['role'] == 'assistant' %}
                {{ '<|assistant|>
                '  + turn['content'] + eos_token }}
                {% endif %}
                {% if loop.last and add_generation_prompt %}
                {{ '<|assistant|>' }}
                {% endif %}
                {% endfor %}""", """
                <|system|>
                Be kind.</s>
                <|user|>
                 Hi
                there </s>
                <|assistant|>
                <think>
                hm
                </think>

                Hello.</s>
                <|user|>
                Bye</s>
                <|assistant|>
                """, "<|user|>\nHi</s>\n<|assistant|>\n");

        final String template;
        final String turns;
        final String one;

        Family(String template, String turns, String one) {
            this.template = template;
            this.turns = turns;
            this.one = one;
        }
    }

    private static ChatTemplate template(String text) {
        return ChatTemplate.of("t", text, Map.of("bos_token", "<s>", "eos_token", "</s>"));
    }

    @ParameterizedTest
    @EnumSource
    void writesWhatTheFamilyReads(Family family) {
        ChatTemplate template = template(family.template);
        assertThat(template.render(TURNS, true)).isEqualTo(family.turns);
        assertThat(template.render(ONE, true)).isEqualTo(family.one);
        assertThat(template.render(TURNS, true))
                .startsWith(template.render(TURNS.subList(0, 2), true).strip());
    }

    @Test
    void refusesTurnsThatTheTemplateRefuses() {
        for (Family family : List.of(Family.LLAMA_2, Family.GEMMA_3)) {
            assertThatThrownBy(() -> template(family.template).render(List.of(ONE.getFirst(), ONE.getFirst()), true))
                    .isInstanceOf(InputException.class)
                    .hasMessage("t: the chat template refuses the messages: \"turns must alternate\"; expected messages"
                            + " that it takes");
        }
    }

    @Test
    void readsQwensPublishedTemplate() {
        ChatTemplate qwen = ChatTemplate.read(Published.file("tokenizers/qwen2.5"));
        assertThat(qwen.render(TURNS, true)).isEqualTo("""
                <|im_start|>system
                Be kind.<|im_end|>
                <|im_start|>user
                 Hi
                there <|im_end|>
                <|im_start|>assistant
                <think>
                hm
                </think>

                Hello.<|im_end|>
                <|im_start|>user
                Bye<|im_end|>
                <|im_start|>assistant
                """);
        assertThat(qwen.render(ONE, false))
                .startsWith("<|im_start|>system\nYou are Qwen")
                .endsWith("<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
    }

    @Test
    void readsTinyLlamasPublishedTemplate() {
        ChatTemplate tinyLlama = ChatTemplate.read(Published.file("tokenizers/tinyllama"));
        assertThat(tinyLlama.render(TURNS, true)).isEqualTo(Family.ZEPHYR.turns);
        assertThat(tinyLlama.render(ONE, true)).isEqualTo(Family.ZEPHYR.one);
    }

    @Test
    void isFoundInAFolder() {
        assertThat(ChatTemplate.read(folder)).isNull();
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), "{\"bos_token\": \"<b>\"}");
        assertThat(ChatTemplate.read(folder)).isNull();
        TokenizerFixture.write(
                folder.resolve("special_tokens_map.json"),
                "{\"bos_token\": \"<other>\", \"eos_token\": {\"content\": \"</b>\", \"lstrip\": false}}");
        TokenizerFixture.write(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\": \"<b>\", \"chat_template\": \"{{ bos_token }}{{ messages[0].content }}{{ eos_token }}\"}");
        assertThat(ChatTemplate.read(folder).render(ONE, true)).isEqualTo("<b>Hi</b>");
        TokenizerFixture.write(
                folder.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"}, {\"name\": \"default\", \"template\": \"d\"}]}");
        assertThat(ChatTemplate.read(folder).render(ONE, true)).isEqualTo("d");
        TokenizerFixture.write(folder.resolve("chat_template.jinja"), "own{{ eos_token }}\n");
        assertThat(ChatTemplate.read(folder).render(ONE, true)).isEqualTo("own</b>");
    }

    @Test
    void isFoundInAGgufFile() {
        GgufFixture fixture = new GgufFixture()
                .with("tokens", List.of("<a>", "<b>"))
                .with("bos_token_id", 1)
                .with("eos_token_id", 7);
        try (GgufFile file = GgufFile.open(fixture.write(folder.resolve("none.gguf")))) {
            assertThat(ChatTemplate.of(file.metadata())).isNull();
        }
        fixture.with("chat_template", "{{ bos_token }}{{ messages[0].role }}{{ eos_token }}");
        try (GgufFile file = GgufFile.open(fixture.write(folder.resolve("some.gguf")))) {
            assertThat(ChatTemplate.of(file.metadata()).render(ONE, true)).isEqualTo("<b>user");
        }
        fixture.with("chat_template", "{% import 'os' %}");
        try (GgufFile file = GgufFile.open(fixture.write(folder.resolve("bad.gguf")))) {
            assertThatThrownBy(() -> ChatTemplate.of(file.metadata()))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("bad.gguf: key \"tokenizer.chat_template\": line 1")
                    .hasMessageContaining("\"import\"");
        }
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whatIsNearlyATemplateIsRenderedOrRefused() {
        String[] words = {
            "{%",
            "%}",
            "{{",
            "}}",
            "{#",
            "#}",
            "-",
            "+",
            "for x in messages",
            "endfor",
            "if",
            "endif",
            "else",
            "set x =",
            "macro m(x)",
            "endmacro",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "'",
            "\"",
            "\\",
            "|",
            ".",
            ":",
            ",",
            "~",
            "*",
            "//",
            "%",
            "==",
            "is",
            "not",
            "in",
            "range(9999999)",
            "'x' * 999999",
            "namespace(x=1)",
            "| tojson",
            "| list",
            "[::-1]",
            "m(1)",
            "\n",
            "\u0000",
            "\uD83E\uDD99",
            "999999999999999999",
            "1.5",
            "none",
            "loop.index",
            "break",
            "continue"
        };
        Family[] families = Family.values();
        var random = new SplittableRandom(11);
        int rendered = 0;
        int refused = 0;
        for (int i = 0; i < 2000; i++) {
            var text = new StringBuilder(families[i % families.length].template);
            for (int n = random.nextInt(1, 5); n > 0; n--) {
                int from = random.nextInt(text.length());
                int to = Math.min(text.length(), from + random.nextInt(12));
                switch (random.nextInt(4)) {
                    case 0 -> text.delete(from, to);
                    case 1 -> text.insert(from, words[random.nextInt(words.length)]);
                    case 2 -> text.insert(random.nextInt(text.length()), text.substring(from, to));
                    default -> text.setCharAt(from, (char) random.nextInt(0x80));
                }
            }
            try {
                assertThat(template(text.toString()).render(TURNS, true)).isNotNull();
                rendered++;
            } catch (InputException e) {
                assertThat(e.getMessage()).startsWith("t: ").contains("; expected ");
                refused++;
            }
        }
        assertThat(rendered).isGreaterThan(200);
        assertThat(refused).isGreaterThan(200);
    }
}
