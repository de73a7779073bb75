package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResumeCommandTest {
    private static final String WEIGHTS = "last/adapter_model.safetensors";

    @TempDir
    private Path temp;

    private Path data;

    private Object[] train(Path run, Object... more) throws IOException {
        data = temp.resolve("rows.jsonl");
        if (!Files.exists(data)) {
            Files.copy(Ran.LLAMA_ROWS, data);
        }
        return Stream.concat(
                        Stream.of(
                                "train",
                                "--model",
                                Ran.LLAMA,
                                "--data",
                                data,
                                "--out",
                                run,
                                "--epochs=2",
                                "--batch-size=4",
                                "--eval-split=0.2",
                                "--checkpoint-every=2"),
                        Stream.of(more))
                .toArray();
    }

    /** A run whose end is gone, so that it stands at its last checkpoint but one, step 12 of 14. */
    private Path unfinished() throws IOException {
        Path run = temp.resolve("run");
        Ran ran = Ran.of(train(run));
        assertThat(ran.code()).as(ran.err()).isZero();
        damage(run.resolve("checkpoints/step-00000014/optimizer.safetensors"));
        return run;
    }

    private static void damage(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 7));
    }

    @Test
    void aDamagedCheckpointIsNamedAndTheRunGoesOnFromTheOneBefore() throws IOException {
        Path run = unfinished();
        byte[] whole = Files.readAllBytes(run.resolve(WEIGHTS));
        Ran shown = Ran.of("show", run);
        assertThat(shown.code()).as(shown.err()).isZero();
        assertThat(shown.out())
                .contains("stopped, step 12 of 14; to go on: moelora train --resume " + run)
                .contains("step-00000014, damaged: optimizer.safetensors");
        Ran ran = Ran.of("train", "--resume", run, "--threads=1");
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.err()).contains("14 steps, going on after step 12", "step 13/14");
        assertThat(ran.out()).contains("trained 14 steps", run.resolve("last").toString());
        assertThat(run.resolve(WEIGHTS)).hasBinaryContent(whole);
        Ran finished = Ran.of("show", run);
        assertThat(finished.out())
                .contains(
                        "finished, 14 steps",
                        run.resolve("best").toString(),
                        "26 (319 tokens) to train on; 6 (82 tokens)");
    }

    @ParameterizedTest
    @CsvSource({
        "--learning-rate=1e-3, 0.001, 3.0E-4",
        "--seed=3, 3, 0",
        "--steps=5, 5, none",
        "--rank=8, 8, 4",
        "--no-shuffle, true, false",
        "--eval-split=0.1, 0.1, 0.2",
        "--device=cpu-plain, cpu-plain, cpu",
    })
    void aFlagThatSaysSomethingElseThanTheRunIsRefused(String flag, String given, String has) throws IOException {
        Path run = unfinished();
        List<Path> before = Ran.tree(temp);
        Ran ran = Ran.of("train", "--resume", run, flag);
        String name = flag.replaceFirst("=.*", "");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err())
                .isEqualToIgnoringNewLines("moelora: " + name + " is " + given + ", and the run in " + run + " has "
                        + has + "; a run keeps its settings: leave it out, or give the same");
        assertThat(Ran.tree(temp)).isEqualTo(before);
    }

    @Test
    void anotherFolderOrNoRunIsRefused() throws IOException {
        Path run = unfinished();
        for (Object[] args : List.of(
                new Object[] {"train", "--resume", run, "--out", temp.resolve("other")},
                new Object[] {"train", "--resume", run, "--config", run.resolve("run.yaml")},
                new Object[] {"train", "--resume", run, "--dry-run"},
                new Object[] {"train", "--resume", temp.resolve("none")},
                new Object[] {"show", temp.resolve("none")},
                train(run))) {
            Ran ran = Ran.of(args);
            assertThat(ran.code()).as(ran.err()).isEqualTo(2);
            assertThat(ran.err())
                    .startsWith("moelora: ")
                    .containsPattern("; (expected|leave it out|choose another|a run keeps its settings)")
                    .hasLineCount(1);
        }
    }

    @Test
    void changedDataIsRefusedAndMovedDataIsNot() throws IOException {
        Path run = unfinished();
        Path moved = Files.move(data, temp.resolve("moved.jsonl"));
        Ran gone = Ran.of("train", "--resume", run);
        assertThat(gone.code()).isEqualTo(2);
        assertThat(gone.err()).contains("rows.jsonl: there is no such file");
        Files.writeString(data, Files.readString(moved).replaceFirst("35", "36"));
        Ran changed = Ran.of("train", "--resume", run);
        assertThat(changed.code()).isEqualTo(2);
        assertThat(changed.err())
                .contains(
                        "rows.jsonl: has changed since the run in " + run + " began", "; put back the file as it was");
        Ran ran = Ran.of("train", "--resume", run, "--data", moved);
        assertThat(ran.code()).as(ran.err()).isZero();
    }

    @Test
    void anotherBaseIsRefused() throws IOException {
        Path run = unfinished();
        Path other = Ran.copy(Ran.LLAMA, temp.resolve("other"));
        Path weights = other.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        Ran ran = Ran.of("train", "--resume", run, "--model", other);
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err())
                .contains(run + ": the run has another base: expected the same shapes but other weights (")
                .contains(other.toString());
    }

    @Test
    void longRowsAreCutSkippedOrRefused() throws IOException {
        Ran skipped = Ran.of(train(temp.resolve("skip"), "--max-length=12", "--long-rows=skip"));
        assertThat(skipped.code()).as(skipped.err()).isZero();
        assertThat(skipped.err()).containsPattern("--data: longer than 12 tokens: cut 0 rows, skipped [1-9]");
        Ran cut = Ran.of(train(temp.resolve("cut"), "--max-length=12"));
        assertThat(cut.code()).as(cut.err()).isZero();
        assertThat(cut.err()).containsPattern("--data: longer than 12 tokens: cut [1-9][0-9]* rows, skipped 0");
        Ran refused = Ran.of(train(temp.resolve("refuse"), "--max-length=12", "--long-rows=refuse"));
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).containsPattern("rows.jsonl line [0-9]+: has [0-9]+ tokens; expected at most 12");
        assertThat(temp.resolve("refuse")).doesNotExist();
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no SIGTERM")
    void sigtermStopsAfterAStepAndSaysHowToGoOn() throws Exception {
        Path whole = temp.resolve("whole");
        Object[] args = train(whole, "--epochs=2", "--steps=150", "--eval-every=50");
        List<Object> flags = new ArrayList<>(List.of(args));
        flags.remove("--epochs=2");
        flags.remove("--epochs=2");
        assertThat(Ran.of(flags.toArray()).code()).isZero();
        Path run = temp.resolve("run");
        flags.set(flags.indexOf(whole), run);
        Process process = start(flags);
        StringBuilder err = new StringBuilder();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = lines.readLine()) != null) {
                err.append(line).append('\n');
                if (line.startsWith("step 15/")) {
                    process.toHandle().destroy(); // SIGTERM, and the streams stay open
                }
            }
            assertThat(process.waitFor()).as(err.toString()).isEqualTo(143);
        } finally {
            process.destroyForcibly();
        }
        assertThat(err.toString())
                .containsPattern("moelora: stopped after step [0-9]+ of 150; to go on: moelora train --resume " + run);
        assertThat(run.resolve("last")).doesNotExist();
        Ran ran = Ran.of("train", "--resume", run);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(run.resolve(WEIGHTS)).hasSameBinaryContentAs(whole.resolve(WEIGHTS));
    }

    private static Process start(List<Object> flags) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector",
                "-cp",
                String.join(
                        File.pathSeparator,
                        System.getProperty("jdk.module.path", ""),
                        System.getProperty("java.class.path", "")),
                Main.class.getName()));
        flags.forEach(flag -> command.add(flag.toString()));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
