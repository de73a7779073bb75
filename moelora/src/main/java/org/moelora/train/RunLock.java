package org.moelora.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * The right to write a run's folder: the operating system's lock on its empty file {@value #FILE}, which ends with the process however that
 * ends. The file itself stays, since whoever deletes a file that others lock lets two of them in.
 */
final class RunLock implements AutoCloseable {
    static final String FILE = "lock";

    /**
     * The folders that this process has locked. Such locks belong to processes, and on some systems a process that closes any channel of a
     * file loses its lock on it, so a second attempt within the process must not even open the file.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private static final int ATTEMPTS = 5;
    private static final long PAUSE_MILLIS = 50;

    private final Path key;
    private final FileChannel channel;

    private RunLock(Path key, FileChannel channel) {
        this.key = key;
        this.channel = channel;
    }

    /**
     * @param folder that exists
     * @throws InputException if somebody writes the run
     */
    static RunLock take(Path folder) {
        try {
            // Somebody may just be looking whether the lock is free.
            for (int i = 0; i < ATTEMPTS; i++) {
                RunLock lock = tryTake(folder);
                if (lock != null) {
                    return lock;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder.resolve(FILE), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new InputException(folder + ": another training writes this run; expected one at a time");
    }

    /** Whether somebody writes the run. */
    static boolean isTaken(Path folder) {
        if (!Files.exists(folder.resolve(FILE))) {
            return false;
        }
        try {
            RunLock lock = tryTake(folder);
            if (lock == null) {
                return true;
            }
            lock.close();
            return false;
        } catch (IOException e) {
            return false; // a copy on a read-only medium: nobody can write there
        }
    }

    private static @Nullable RunLock tryTake(Path folder) throws IOException {
        Path key = folder.toRealPath();
        if (!HELD.add(key)) {
            return null;
        }
        FileChannel channel = null;
        boolean taken = false;
        try {
            channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            taken = lock != null;
            return taken ? new RunLock(key, channel) : null;
        } catch (OverlappingFileLockException e) {
            return null; // under another name
        } finally {
            if (!taken) {
                HELD.remove(key);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw InputException.unwritable(key.resolve(FILE), e);
        } finally {
            HELD.remove(key);
        }
    }
}
