package org.moelora.train;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.moelora.engine.InputException;

/**
 * What a run certainly writes before it ends, in bytes: a checkpoint holds a float and two moments a parameter, an adapter a float. Headers and logs are small
 * beside that, and a checkpoint is deleted only once the next one is there.
 *
 * @param checkpoints bytes of checkpoints to come that lie side by side
 * @param adapters bytes of {@code best/} and {@code last/}
 */
record RunRoom(long checkpoints, long adapters) {
    private static final long ADAPTER = Float.BYTES;
    private static final long CHECKPOINT = 3L * Float.BYTES;

    /**
     * @param step that is reached; 0 for a run that has not begun
     * @param steps all of them
     * @param evaluates whether there may be a {@code best/}
     */
    static RunRoom of(long step, long steps, boolean evaluates, long parameters) {
        long first = step == 0 ? 1 : 0;
        long end = step < steps ? 1 : 0;
        long folders = evaluates ? 2 : 1;
        return new RunRoom(
                Math.multiplyExact((first + end) * CHECKPOINT, parameters),
                Math.multiplyExact(end * folders * ADAPTER, parameters));
    }

    /**
     * Refuses a disk that has less.
     *
     * @throws InputException with what it takes and what is free
     */
    void check(Path folder) {
        long free;
        try {
            FileStore store = Files.getFileStore(folder);
            if (store.getTotalSpace() <= 0) {
                return; // a file system that does not say
            }
            free = store.getUsableSpace();
        } catch (IOException e) {
            System.getLogger(RunRoom.class.getName())
                    .log(System.Logger.Level.DEBUG, () -> folder + ": the room on its disk is not known", e);
            return;
        }
        if (free < checkpoints + adapters) {
            throw new InputException(String.format(
                    Locale.ROOT,
                    "%s: the run is to write %.1f MB (checkpoints %.1f, adapters %.1f), and %.1f MB are free; make"
                            + " room, or train an adapter of fewer parameters",
                    folder,
                    (checkpoints + adapters) / 1e6,
                    checkpoints / 1e6,
                    adapters / 1e6,
                    free / 1e6));
        }
    }
}
