package org.moelora.train;

import java.nio.file.Path;

/**
 * A process that trains, to be killed: {@code RUN [CHANGE]}. It says {@code begun} when it has a run, and if a change on the disk is given, stands
 * still before it, half-done if it is a write, says {@code waiting}, and waits to be killed.
 */
final class KilledProcess {
    private static final int STEPS = 60;

    private KilledProcess() {}

    /** So many steps that there is something to kill, with checkpoints so often that each attempt gets on. */
    static Runs runs(int threads) {
        return new Runs(threads, Runs.config(STEPS).evalEvery(10).build(), new CheckpointPolicy(3, 0, 2));
    }

    public static void main(String[] args) {
        Path run = Path.of(args[0]);
        FragileDisk.Fault fault = args.length < 2 ? new FragileDisk.None() : waitAt(Long.parseLong(args[1]));
        try (Runs runs = runs(2)) {
            System.out.println("begun");
            runs.goOn(new FragileDisk(fault).path(run));
        }
    }

    private static FragileDisk.Fault waitAt(long change) {
        return new FragileDisk.Fault() {
            private long count;

            @Override
            public int before(String what, int bytes) {
                if (++count < change) {
                    return bytes;
                }
                if (bytes < 2) {
                    fail();
                }
                return bytes / 2;
            }

            @Override
            public void fail() {
                System.out.println("waiting");
                while (true) {
                    try {
                        Thread.sleep(Long.MAX_VALUE);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            }
        };
    }
}
