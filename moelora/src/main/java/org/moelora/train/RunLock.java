package org.moelora.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * The right to write a run's folder: the operating system's lock on its empty file {@value #FILE}, which ends with the process however that
 * ends. The file itself stays, since to delete a file that others lock lets two of them in; only a start that came to nothing takes
 * its own away.
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
    private final Path file;
    private final FileChannel channel;
    private final boolean made;

    private RunLock(Path key, Path file, FileChannel channel, boolean made) {
        this.key = key;
        this.file = file;
        this.channel = channel;
        this.made = made;
    }

    /**
     * @param folder that exists
     * @throws InputException if another training writes the run, or the file system has no locks
     */
    static RunLock take(Path folder) {
        Path file = folder.resolve(FILE);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(file + ": something else stands where the run has its lock; move it away");
        }
        try {
            // Another process may just be looking whether the lock is free.
            for (int i = 0; i < ATTEMPTS; i++) {
                RunLock lock = tryTake(folder);
                if (lock != null) {
                    return lock;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new InputException(
                folder + ": another process is training this run; wait until it is done, or stop it first");
    }

    /** Whether a process writes the run. */
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
        } catch (IOException | InputException e) {
            return false; // a copy on a read-only medium, or on one without locks: no run can be written there
        }
    }

    private static @Nullable RunLock tryTake(Path folder) throws IOException {
        Path key = folder.toRealPath();
        if (!HELD.add(key)) {
            return null;
        }
        Path file = folder.resolve(FILE);
        FileChannel channel = null;
        RunLock taken = null;
        try {
            boolean made = !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
            channel = FileChannel.open(
                    file, made ? StandardOpenOption.CREATE_NEW : StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            // Where it was deleted while this waited for it, the lock is on a file that no other process sees.
            taken = isLocked(channel, file, made) && Files.exists(file) ? new RunLock(key, file, channel, made) : null;
            return taken;
        } catch (OverlappingFileLockException | FileAlreadyExistsException e) {
            return null; // under another name, or by another process in this moment
        } finally {
            if (taken == null) {
                HELD.remove(key);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    /** Takes the operating system's lock; false if another process has it. */
    private static boolean isLocked(FileChannel channel, Path file, boolean made) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (IOException e) {
            if (made) {
                Files.deleteIfExists(file);
            }
            throw new InputException(
                    file + ": cannot be locked (" + InputException.reason(e)
                            + "), so that nothing would keep a second training out; expected a run's folder on a file system"
                            + " with locks, such as a local disk",
                    e);
        }
    }

    /** Deletes the file if this made it, while no other process can have the lock. */
    void discard() {
        if (made) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw InputException.unwritable(file, e);
            }
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        } finally {
            HELD.remove(key);
        }
    }
}
