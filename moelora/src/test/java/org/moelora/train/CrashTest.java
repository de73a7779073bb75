package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose disk stops taking changes at any moment there is comes out the same, once it may go on. */
class CrashTest {
    /** Every so manieth moment is tried; {@code -Dmoelora.crash.stride=1} tries them all. */
    private static final int STRIDE = Integer.getInteger("moelora.crash.stride", 13);

    @TempDir
    private Path temp;

    @Test
    void afterACrashAtAnyChangeOnTheDiskTheRunEndsInTheSameBytes() {
        FragileDisk good = new FragileDisk(new FragileDisk.None());
        Random random = new Random(3);
        try (Runs runs = new Runs(2, Runs.config(4).build(), new CheckpointPolicy(2, 0, 2))) {
            runs.begin(good.path(temp.resolve("whole")));
            Map<String, Object> expected = Runs.content(temp.resolve("whole"));
            int n = 1;
            for (boolean crashed = true; crashed; n += STRIDE) {
                Path run = temp.resolve("run" + n);
                crashed = crash(n, runs, run);
                if (crashed) {
                    crash(1 + random.nextInt(100), runs, run);
                    runs.goOn(good.path(run));
                }
                assertThat(Runs.content(run))
                        .as("after a crash at change %s", n)
                        .isEqualTo(expected);
            }
            assertThat(n).as("changes on the disk").isGreaterThan(400);
        }
    }

    private static boolean crash(long n, Runs runs, Path run) {
        FragileDisk.CrashAt fault = new FragileDisk.CrashAt(n);
        try {
            runs.goOn(new FragileDisk(fault).path(run));
        } catch (FragileDisk.Crash e) {
            assertThat(fault.happened()).isTrue();
        }
        return fault.happened();
    }
}
