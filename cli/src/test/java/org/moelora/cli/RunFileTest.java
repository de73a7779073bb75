package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunFileTest {
    @TempDir
    private Path temp;

    private Path file(String yaml) throws IOException {
        return Files.writeString(temp.resolve("flags.yaml"), yaml);
    }

    private List<String> settings(String yaml, Object... flags) throws IOException {
        Path out = temp.resolve("out");
        Object[] args = new Object[flags.length + 5];
        args[0] = "train";
        args[1] = "--config";
        args[2] = file("model: " + Ran.LLAMA + "\ndata: [" + Ran.LLAMA_ROWS + "]\n" + yaml);
        args[3] = "--out";
        args[4] = out;
        System.arraycopy(flags, 0, args, 5, flags.length);
        Ran ran = Ran.of(args);
        assertThat(ran.code()).as(ran.err()).isZero();
        return Files.readAllLines(out.resolve("run.yaml"));
    }

    @Test
    void aFileSetsFlags() throws IOException {
        assertThat(settings("# a comment\nsteps: 1\nno-shuffle: true\nclip: 0\nlearning-rate: 1e-3\nwarmup: 5%\n"))
                .contains("steps: 1", "no-shuffle: true", "clip: 0.0", "learning-rate: 0.001", "warmup: \"5%\"")
                .noneMatch(line -> line.startsWith("epochs"));
    }

    @Test
    void flagsWin() throws IOException {
        assertThat(settings(
                        "epochs: 5\nseed: 3\nbatch-size: 2\n", "--steps=1", "--seed", "4", "--data", Ran.LLAMA_ROWS))
                .contains(
                        "steps: 1",
                        "seed: 4",
                        "batch-size: 2",
                        "data: [\"" + Ran.LLAMA_ROWS.toAbsolutePath().normalize() + "\"]")
                .noneMatch(line -> line.startsWith("epochs"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "learning_rate: 1 | learning_rate",
                "dry-run: true | dry-run",
                "rank: many | --rank",
                "rank: | rank",
                "rank: {a: 1} | rank",
                "no-shuffle: perhaps | true or false",
                "'rank: 1\nrank: 2' | rank",
                "'- rank' | expected",
                "'a: [' | YAML",
            })
    void whatIsNoFlagIsRefusedByFileAndName(String yaml, String named) throws IOException {
        Path file = file(yaml + "\n");
        Ran ran = Ran.of("train", "--config=" + file);
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err())
                .hasLineCount(1)
                .startsWith("moelora: " + file + ": ")
                .contains(named);
    }

    @Test
    void aFileThatIsNotThere() {
        Ran ran = Ran.of("score", "--config", temp.resolve("none.yaml"));
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).hasLineCount(1).contains("none.yaml", "no such file");
    }
}
