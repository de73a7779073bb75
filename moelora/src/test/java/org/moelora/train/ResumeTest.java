package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.data.TokenRow;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.model.Vectors;

/** Runs that are stopped or disturbed, and go on. */
class ResumeTest {
    private static final long STEPS = 7;

    @TempDir
    private Path temp;

    private final Runs runs =
            new Runs(2, Runs.config(STEPS).gradAccumulation(2).build(), new CheckpointPolicy(2, 0, 2));

    @AfterEach
    void close() {
        runs.close();
    }

    /** Stops a training after some step. */
    private static final class StopAfter implements TrainingListener {
        private final Cancellation cancellation = new Cancellation();
        private final long step;

        StopAfter(long step) {
            this.step = step;
        }

        @Override
        public void step(Step numbers) {
            if (numbers.step() == step) {
                cancellation.cancel();
            }
        }
    }

    private TrainingReport beginAndStop(Path run, long step) {
        StopAfter stop = new StopAfter(step);
        return runs.train(5, tuner -> tuner.config(runs.config()).into(run).stopOn(stop.cancellation), stop);
    }

    @Test
    void aRunThatIsCancelledAfterAnyStepEndsInTheSameBytes() throws IOException {
        TrainingReport whole = runs.begin(temp.resolve("whole"));
        assertThat(whole.finished()).isTrue();
        for (long step = 1; step < STEPS; step++) {
            Path run = temp.resolve("run" + step);
            TrainingReport part = beginAndStop(run, step);
            assertThat(part.finished()).isFalse();
            assertThat(part.steps()).isEqualTo(step);
            assertThat(run.resolve("last")).doesNotExist();
            assertThat(RunSummary.read(run).newest())
                    .extracting(RunSummary.Saved::step)
                    .isEqualTo(step);
            TrainingReport rest = runs.resume(run);
            assertThat(rest.finished()).isTrue();
            assertThat(rest.tokens()).isEqualTo(whole.tokens());
            assertThat(rest.bestEvalLoss()).isEqualTo(whole.bestEvalLoss());
            Map<String, Object> content = Runs.content(run);
            content.keySet().removeIf(name -> name.startsWith("checkpoints/") && !name.contains("00000007"));
            assertThat(Runs.content(temp.resolve("whole"))).containsAllEntriesOf(content);
            assertThat(content).containsKeys("last/adapter_model.safetensors", "best/adapter_model.safetensors");
        }
    }

    @Test
    void aFinishedRunThatGoesOnStaysAsItIs() {
        Path run = temp.resolve("run");
        runs.begin(run);
        Map<String, Object> before = Runs.content(run);
        assertThat(runs.resume(run).finished()).isTrue();
        assertThat(Runs.content(run)).isEqualTo(before);
    }

    @Test
    void aDamagedCheckpointIsPassedOver() throws IOException {
        Map<String, Object> whole = Runs.content(runWhole());
        Path stopped = temp.resolve("stopped");
        beginAndStop(stopped, 4);
        Path newest = stopped.resolve("checkpoints/step-00000004");
        List<String> files;
        try (Stream<Path> all = Files.list(newest)) {
            files = all.map(file -> file.getFileName().toString()).sorted().toList();
        }
        assertThat(files)
                .containsExactly(
                        "SHA256SUMS",
                        "adapter_config.json",
                        "adapter_model.safetensors",
                        "optimizer.safetensors",
                        "state.json");
        for (String file : files) {
            for (String damage : List.of("flipped", "cut", "gone")) {
                Path run = temp.resolve(file + "-" + damage);
                copy(stopped, run);
                damage(run.resolve("checkpoints/step-00000004").resolve(file), damage);
                RunSummary summary = RunSummary.read(run);
                assertThat(summary.checkpoints().getFirst().damage())
                        .as(run.toString())
                        .contains(file);
                assertThat(summary.newest()).extracting(RunSummary.Saved::step).isEqualTo(2L);
                runs.resume(run);
                assertThat(Runs.content(run)).as(run.toString()).isEqualTo(whole);
            }
        }
    }

    private Path runWhole() {
        Path run = temp.resolve("whole");
        runs.begin(run);
        return run;
    }

    private static void damage(Path file, String how) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        switch (how) {
            case "flipped" -> {
                bytes[bytes.length / 2] ^= 1;
                Files.write(file, bytes);
            }
            case "cut" -> Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
            default -> Files.delete(file);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    @Test
    void withoutAWholeCheckpointTheRunIsRefused() throws IOException {
        Path run = temp.resolve("run");
        beginAndStop(run, 2);
        for (RunSummary.Saved checkpoint : RunSummary.read(run).checkpoints()) {
            damage(checkpoint.folder().resolve("state.json"), "flipped");
        }
        assertThatThrownBy(() -> runs.resume(run))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("step-00000002 is damaged: state.json")
                .hasMessageContaining("step-00000000 is damaged: state.json");
    }

    @Test
    void otherInputsThanTheRunsAreRefusedByName() throws IOException {
        Path run = temp.resolve("run");
        beginAndStop(run, 2);
        Map<String, Object> before = Runs.content(run);
        assertThatThrownBy(() -> runs.train(
                        5,
                        tuner -> tuner.config(Runs.config(STEPS)
                                        .gradAccumulation(2)
                                        .seed(12)
                                        .build())
                                .resume(run),
                        TrainingListener.SILENT))
                .isInstanceOf(InputException.class)
                .hasMessage("seed is 12, and the run has 11 in " + run
                        + "; a run keeps its settings: leave it out, or give the same");
        List<TokenRow> other = new ArrayList<>(Vectors.rows("llama").subList(0, 24));
        other.set(7, other.get(8));
        assertThatThrownBy(() -> runs.train(5, tuner -> tuner.onRows(other).resume(run), TrainingListener.SILENT))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the rows to train on are not those that the run began with");
        assertThatThrownBy(() -> runs.train(
                        5, tuner -> tuner.evaluateOn(List.<TokenRow>of()).resume(run), TrainingListener.SILENT))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the rows to evaluate on are not those that the run began with");
        assertThatThrownBy(() -> runs.resume(temp.resolve("none")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("holds no run");
        assertThat(Runs.content(run)).isEqualTo(before);
    }

    @Test
    void recomputingMayChangeAsItDoesNotChangeTheBytes() {
        Map<String, Object> whole = Runs.content(runWhole());
        Path run = temp.resolve("run");
        beginAndStop(run, 4);
        runs.train(
                5,
                tuner -> tuner.config(Runs.config(STEPS)
                                .gradAccumulation(2)
                                .recompute(true)
                                .build())
                        .resume(run),
                TrainingListener.SILENT);
        assertThat(Runs.content(run)).isEqualTo(whole);
    }

    @Test
    void oneTrainingAtATimeWritesARun() {
        Path run = temp.resolve("run");
        List<String> refused = new ArrayList<>();
        runs.train(5, tuner -> tuner.config(runs.config()).into(run), new TrainingListener() {
            @Override
            public void step(Step step) {
                assertThat(RunSummary.read(run).running()).isTrue();
                try {
                    runs.resume(run);
                } catch (InputException e) {
                    refused.add(e.getMessage());
                }
            }
        });
        assertThat(refused)
                .hasSize((int) STEPS)
                .containsOnly(run + ": another process is training this run; wait until it is done, or stop it first");
        assertThat(RunSummary.read(run).running()).isFalse();
        assertThat(RunSummary.read(run).finished()).isTrue();
    }

    @Test
    void aFullDiskStopsTheRunAndItGoesOnFromItsCheckpoint() {
        Map<String, Object> whole = Runs.content(runWhole());
        int stopped = 0;
        for (int kilobytes : new int[] {300, 500, 700, 900, 1100}) {
            Path run = temp.resolve("full" + kilobytes);
            try {
                runs.begin(new FragileDisk(new FragileDisk.Full(kilobytes * 1000L)).path(run));
            } catch (TrainingException e) {
                stopped++;
                assertThat(e)
                        .hasMessageMatching("after step \\d+: .*full" + kilobytes
                                + " could not be written \\(No space left on device\\); a checkpoint takes"
                                + " [0-9.]+ MB, and [0-9.]+ MB are free; its checkpoint of step \\d+ is whole, and the"
                                + " run can be resumed from it");
                assertThat(RunSummary.read(run).checkpoints())
                        .extracting(RunSummary.Saved::damage)
                        .isNotEmpty()
                        .containsOnlyNulls();
                runs.resume(run);
            }
            assertThat(Runs.content(run)).isEqualTo(whole);
        }
        assertThat(stopped).isBetween(2, 4);
    }

    @Test
    void aDiskThatIsFullFromTheBeginningLeavesNothing() {
        assertThatThrownBy(() -> runs.begin(new FragileDisk(new FragileDisk.Full(1000)).path(temp.resolve("a/run"))))
                .isInstanceOf(InputException.class)
                .hasMessageEndingWith(
                        "run/checkpoints/step-00000000: No space left on device; expected a place that can be written");
        assertThat(temp).isEmptyDirectory();
    }
}
