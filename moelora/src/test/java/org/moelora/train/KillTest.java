package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.InputException;

/** Training processes that are killed without notice (SIGKILL), again and again, come to the bytes of one that was left alone. */
class KillTest {
    /** How often a process is killed; {@code -Dmoelora.kills=100} for a longer trial. */
    private static final int KILLS = Integer.getInteger("moelora.kills", 20);

    private static final long SEED = 1;

    @TempDir
    private Path temp;

    @Test
    void afterTwentyKillsTheAdapterIsTheSame() throws Exception {
        Path whole = temp.resolve("whole");
        try (Runs runs = KilledProcess.runs(1)) {
            runs.begin(whole);
        }
        Map<String, Object> expected = Runs.content(whole);
        Random random = new Random(SEED);
        int kills = 0;
        for (int runsBegun = 1; kills < KILLS; runsBegun++) {
            Path run = temp.resolve("run" + runsBegun);
            boolean finished = false;
            while (!finished) {
                finished = kills < KILLS ? !kill(run, random, kills % 2 == 0) : end(run);
                kills += finished ? 0 : 1;
            }
            assertThat(Runs.content(run)).as("run %s", runsBegun).isEqualTo(expected);
        }
        assertThat(kills).isEqualTo(KILLS);
    }

    /**
     * Starts a process and kills it, at some time or in the middle of some change on the disk.
     *
     * @return false if it came to its end before
     */
    private boolean kill(Path run, Random random, boolean atChange) throws Exception {
        Process process = atChange ? start(run, 1 + random.nextInt(150)) : start(run);
        try (BufferedReader out = output(process)) {
            assertThat(out.readLine()).isEqualTo("begun");
            if (atChange) {
                boolean waits = "waiting".equals(out.readLine());
                if (!waits) {
                    return !end(process);
                }
            } else if (process.waitFor(random.nextInt(1000), TimeUnit.MILLISECONDS)) {
                return !end(process);
            }
            process.destroyForcibly().waitFor();
            assertThat(process.exitValue()).as("killed").isNotZero();
            return true;
        } finally {
            process.destroyForcibly();
        }
    }

    private boolean end(Path run) throws Exception {
        Process process = start(run);
        try (BufferedReader out = output(process)) {
            assertThat(out.readLine()).isEqualTo("begun");
            return end(process);
        } finally {
            process.destroyForcibly();
        }
    }

    private static boolean end(Process process) throws InterruptedException {
        assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isZero();
        return true;
    }

    @Test
    void aSecondProcessIsRefusedAndAKilledOneLeavesNoLock() throws Exception {
        Path run = temp.resolve("run");
        Process process = start(run, 250);
        try (BufferedReader out = output(process);
                Runs runs = KilledProcess.runs(1)) {
            assertThat(out.readLine()).isEqualTo("begun");
            assertThat(out.readLine()).isEqualTo("waiting");
            assertThat(RunSummary.read(run).running()).isTrue();
            assertThat(assertRefused(runs, run))
                    .isEqualTo(run + ": another process is training this run; wait until it is done, or stop it first");
            process.destroyForcibly().waitFor();
            assertThat(RunSummary.read(run).running()).isFalse();
            assertThat(runs.resume(run).finished()).isTrue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static String assertRefused(Runs runs, Path run) {
        try {
            runs.resume(run);
            return "nothing";
        } catch (InputException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    private static Process start(Path run, Object... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                classPath(),
                KilledProcess.class.getName(),
                run.toString()));
        for (Object argument : more) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command)
                .redirectError(
                        Files.createTempFile(run.getParent(), "err", ".txt").toFile())
                .start();
    }

    /** What this test was started with, as a class path even if that was a module path that the tests are patched into. */
    private static String classPath() {
        return String.join(
                File.pathSeparator,
                System.getProperty("java.class.path", ""),
                System.getProperty("jdk.module.path", ""),
                "target/test-classes");
    }
}
