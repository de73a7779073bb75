package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.stream.Stream;
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

    private static final String DATED = "{{ strftime_now('%d %b %Y') }} ";

    private Path rows() throws IOException {
        Path rows = temp.resolve("rows.jsonl");
        String row = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi %d\"},"
                + " {\"role\": \"assistant\", \"content\": \"Ho\"}]}\n";
        return Files.writeString(rows, row.formatted(1) + row.formatted(2) + row.formatted(3) + row.formatted(4));
    }

    private Object[] train(Path run, Object... more) throws IOException {
        return Stream.concat(
                        Stream.of(
                                "train",
                                "--model",
                                model,
                                "--data",
                                rows(),
                                "--out",
                                run,
                                "--steps=2",
                                "--batch-size=2"),
                        Stream.of(more))
                .toArray();
    }

    @Test
    void aRunKeepsTheDayOfItsTemplateWhenItGoesOn() throws IOException {
        Files.writeString(model.resolve("chat_template.jinja"), DATED + TEMPLATE);
        Path run = temp.resolve("run");
        Ran begun = Ran.of(train(run, "--date=2020-02-29", "--checkpoint-every=1"));
        assertThat(begun.code()).as(begun.err()).isZero();
        assertThat(run.resolve("run.yaml")).content().contains("date: \"2020-02-29\"");
        assertThat(run.resolve("run.json")).content().contains("\"date\": \"2020-02-29\"");
        byte[] adapter = Files.readAllBytes(run.resolve("last/adapter_model.safetensors"));
        Files.delete(run.resolve("checkpoints/step-00000002/optimizer.safetensors"));
        Ran other = Ran.of("train", "--resume", run, "--date=2020-03-01");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("--date is 2020-03-01, and the run in " + run + " has 2020-02-29");
        Ran gone = Ran.of("train", "--resume", run);
        assertThat(gone.code()).as(gone.err()).isZero();
        assertThat(gone.err()).contains("going on after step 1");
        assertThat(run.resolve("last/adapter_model.safetensors")).hasBinaryContent(adapter);
    }

    @Test
    void theDayOfATemplateIsTodayUnlessItIsGiven() throws IOException {
        Files.writeString(model.resolve("chat_template.jinja"), DATED + TEMPLATE);
        LocalDate before = LocalDate.now(ZoneId.systemDefault());
        assertThat(Ran.of(train(temp.resolve("run"))).code()).isZero();
        assertThat(Files.readString(temp.resolve("run/run.yaml")))
                .containsAnyOf("date: \"" + before + "\"", "date: \"" + LocalDate.now(ZoneId.systemDefault()) + "\"");
        String scored = score("--date=2020-02-29");
        assertThat(score("--date=2020-02-29")).isEqualTo(scored);
        assertThat(score("--date=1999-12-31")).isNotEqualTo(scored);
        Path run = temp.resolve("run");
        assertThat(Ran.of("inspect", run.resolve("last"), "--model", model, "--data", rows(), "--date=1999-12-31")
                        .code())
                .isZero();
        assertThat(Ran.of("eval", "--model", model, "--data", rows(), "--choices=Ho,Hi", "--date=1999-12-31")
                        .code())
                .isZero();
        assertThat(Ran.of("generate", "--model", model, "--chat", "--prompt=Hi", "--max-tokens=1", "--date=1999-12-31")
                        .code())
                .isZero();
    }

    private String score(String date) throws IOException {
        return Ran.of("score", "--model", model, "--data", rows(), "--per-token", date)
                .out();
    }

    @Test
    void aDayThatIsNoneAndOneThatNothingAsksForAreRefused() throws IOException {
        for (String day : new String[] {"2021-02-29", "tomorrow", "1.2.2020", "0000-01-01"}) {
            Ran refused = Ran.of(train(temp.resolve("run"), "--date=" + day));
            assertThat(refused.code()).isEqualTo(2);
            assertThat(refused.err()).contains("--date is \"" + day + "\"; expected a day such as 2026-03-31");
        }
        assertThat(Ran.of("generate", "--model", model, "--prompt=Hi", "--date=2020-02-29")
                        .err())
                .contains("--date: a plain prompt is no conversation; expected --chat with it");
        assertThat(Ran.of("eval", "--model", model, "--data", rows(), "--task=boolq", "--date=2020-02-29")
                        .err())
                .contains("--date: the prompt of a --task is no conversation");
    }

    @Test
    void withoutATemplateAChatHasTheHeadingsOfTraining() throws IOException {
        Files.delete(model.resolve("chat_template.jinja"));
        Ran none = Ran.of("generate", "--model", model, "--chat", "--prompt=Hi", "--max-tokens=2");
        assertThat(none.code()).isZero();
        assertThat(none.out())
                .isEqualTo(Ran.of(
                                "generate",
                                "--model",
                                model,
                                "--prompt=### User:\nHi\n\n### Assistant:\n",
                                "--max-tokens=2")
                        .out());
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
