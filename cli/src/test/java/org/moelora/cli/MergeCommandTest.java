package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MergeCommandTest {
    @TempDir
    private Path temp;

    private Path trained(String method) {
        Path run = temp.resolve("run");
        Ran ran = Ran.of(
                "train",
                "--model",
                Ran.LLAMA,
                "--data",
                Ran.LLAMA_ROWS,
                "--method",
                method,
                "--learning-rate",
                0.02,
                "--out",
                run);
        assertThat(ran.code()).as(ran.err()).isZero();
        return run.resolve("last");
    }

    private static String score(Object... args) {
        Ran ran = Ran.of(args);
        assertThat(ran.code()).as(ran.err()).isZero();
        return ran.out();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "dora"})
    void aMergedCheckpointScoresAsBaseAndAdapterDo(String method) {
        Path adapter = trained(method);
        Path merged = temp.resolve("merged");
        Ran ran = Ran.of("merge", "--model", Ran.LLAMA, "--adapter", adapter, "--out", merged);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.out()).isEqualTo("merged 4 linears into " + merged + System.lineSeparator());
        String both = score("score", "--model", Ran.LLAMA, "--adapter", adapter, "--data", Ran.LLAMA_ROWS);
        assertThat(score("score", "--model", merged, "--data", Ran.LLAMA_ROWS)).isEqualTo(both);
        assertThat(score("score", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS))
                .isNotEqualTo(both);
    }

    /** Of a mixture with a router of prompts, what it is for one prompt. */
    @Test
    void aMixtureIsMergedForAPrompt() {
        Path adapter = trained("prompt-moelora");
        Path merged = temp.resolve("merged");
        Ran without = Ran.of("merge", "--model", Ran.LLAMA, "--adapter", adapter, "--out", merged);
        assertThat(without.code()).isEqualTo(Main.MISTAKE);
        assertThat(without.err()).contains("expected a LoRA, or --for or --for-task");
        Ran task = Ran.of("merge", "--model", Ran.LLAMA, "--adapter", adapter, "--out", merged, "--for-task", "x");
        assertThat(task.code()).isEqualTo(Main.MISTAKE);
        assertThat(task.err()).contains("its gates do not depend on a task");
        assertThat(merged).doesNotExist();
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        Path adapter = trained("moelora");
        Path out = temp.resolve("merged");
        Ran routed = Ran.of("merge", "--model", Ran.LLAMA, "--adapter", adapter, "--out", out);
        assertThat(routed.code()).isEqualTo(Main.MISTAKE);
        assertThat(routed.err())
                .hasLineCount(1)
                .contains(adapter.toString())
                .contains("depends on the token")
                .contains("; expected a LoRA");
        assertThat(out).doesNotExist();

        Ran dtype = Ran.of("merge", "--model", Ran.LLAMA, "--adapter", adapter, "--out", out, "--dtype", "q8_0");
        assertThat(dtype.code()).isEqualTo(Main.MISTAKE);
        assertThat(dtype.err()).contains("--dtype is \"q8_0\"; expected same, f32, bf16 or f16");

        Files.createDirectory(out);
        Ran taken = Ran.of("merge", "--model", Ran.LLAMA, "--adapter", adapter, "--out", out);
        assertThat(taken.code()).isEqualTo(Main.MISTAKE);
        assertThat(taken.err()).contains(out + ": exists already; merge into a folder that does not exist yet");
    }
}
