package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled model with a chat template of its own. */
class ChatCommandTest {
    private static final String TEMPLATE =
            "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + ' ' }}{% elif m.role == 'user' %}"
                    + "{{ 'Q: ' + m.content + '\\nA:' }}{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}";

    @TempDir
    private Path temp;

    private Path model;

    @BeforeEach
    void aModelWithATemplate() throws IOException {
        model = Ran.copy(Ran.TINY, temp.resolve("model"));
        Files.writeString(model.resolve("chat_template.jinja"), "{{ bos_token }}" + TEMPLATE);
    }

    @Test
    void aChatIsTheTextThatTheTemplateWrites() {
        String written = Ran.of("generate", "--model", model, "--max-tokens=8", "--prompt", "Q: Ben has 2 balls.\nA:")
                .out();
        Ran chat = Ran.of("generate", "--model", model, "--chat", "--max-tokens=8", "--prompt", "Ben has 2 balls.");
        assertThat(chat.code()).as(chat.err()).isZero();
        assertThat(chat.out()).isEqualTo(written);
        Ran lines = Ran.withInput(
                "Ben has 2 balls.\nBen has 2 balls.\n", "generate", "--model", model, "--chat", "--max-tokens=8");
        assertThat(lines.out()).isEqualTo(written + written);
        String withSystem = Ran.of(
                        "generate", "--model", model, "--max-tokens=8", "--prompt", "Add. Q: Ben has 2 balls.\nA:")
                .out();
        assertThat(Ran.of(
                                "generate",
                                "--model",
                                model,
                                "--chat",
                                "--system=Add.",
                                "--max-tokens=8",
                                "--prompt",
                                "Ben has 2 balls.")
                        .out())
                .isEqualTo(withSystem);
    }

    @Test
    void trainingLearnsAnswersInTheTemplatesForm() throws IOException {
        Path data = Files.writeString(
                temp.resolve("rows.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"Ho\"}]}\n");
        Ran dry = Ran.of("train", "--model", model, "--data", data, "--out", temp.resolve("run"), "--dry-run");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.out().replace("\n    ", "|")).contains("<BOS>Q: Hi|A:{{Ho<EOS>}}");
    }

    @Test
    void withoutATemplateThereIsNoChat() {
        Ran none = Ran.of("generate", "--model", Ran.TINY, "--chat", "--prompt=Hi");
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("there is no chat template; expected chat_template.jinja");
        Ran alone = Ran.of("generate", "--model", model, "--system=Add.", "--prompt=Hi");
        assertThat(alone.code()).isEqualTo(2);
        assertThat(alone.err()).contains("--system").contains("expected --chat");
    }

    @Test
    void aTemplateThatIsNotSupportedIsNamedAndDoesNotKeepFromAnythingElse() throws IOException {
        Files.writeString(model.resolve("chat_template.jinja"), "\n{% include 'x' %}");
        Ran refused = Ran.of("generate", "--model", model, "--chat", "--prompt=Hi");
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).contains("chat_template.jinja: line 2").contains("\"include\"");
        assertThat(Ran.of("generate", "--model", model, "--max-tokens=2", "--prompt=Hi")
                        .code())
                .isZero();
    }
}
