package org.moelora.engine.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * Writes a folder of files so that nothing half-written is ever to be seen under its name: the files go to a folder beside
 * it, are forced to the disk, and that folder is renamed. An older folder is moved aside first and deleted last; if the new
 * one cannot take its place it is moved back. On failure nothing new is left behind, not even a parent folder made on the
 * way. Only an end of the process between two renames can leave the older folder under its name aside.
 *
 * <p>An older folder is replaced only if it holds nothing but files of the kind being written, so that a wrong path does not
 * cost anyone their files. Stateless; two writers to one name at the same time need their own order.
 */
public final class AtomicFolder {
    /** Writes the files of a folder. */
    @FunctionalInterface
    public interface Body {
        /** Writes files into the given folder, which exists and is empty. */
        void writeTo(Path folder) throws IOException;
    }

    private static final Pattern LEFTOVER =
            Pattern.compile("\\.(.+)\\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.(part|old)");

    private AtomicFolder() {}

    /**
     * Writes or replaces a folder, making its parents if need be.
     *
     * @param folder the folder's final name
     * @param names every file name such a folder may hold; an older folder with anything else in it is left alone
     * @param body writes the files
     * @throws InputException if the folder cannot be written, or an older one holds something else
     */
    public static void write(Path folder, Set<String> names, Body body) {
        try {
            Path target = Files.exists(folder)
                    ? folder.toRealPath()
                    : folder.toAbsolutePath().normalize();
            checkReplaceable(folder, names);
            Path firstMade = makeParents(target);
            Path part = AtomicFile.beside(target, "part");
            boolean done = false;
            try {
                Files.createDirectory(part);
                body.writeTo(part);
                forceAll(part);
                moveIntoPlace(part, target);
                done = true;
            } finally {
                if (!done) {
                    delete(part);
                    unmake(AtomicFile.folderOf(target), firstMade);
                }
            }
            AtomicFile.forceFolder(AtomicFile.folderOf(target));
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }

    /**
     * Refuses a name that {@link #write} could not replace, so that a long job can ask before it begins.
     *
     * @throws InputException if the name is taken by a file, or by a folder that holds anything but files of the given names
     */
    public static void checkReplaceable(Path folder, Set<String> names) {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": this is a file; expected a folder to write");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            entries.sorted()
                    .filter(entry -> !Files.isRegularFile(entry)
                            || !names.contains(entry.getFileName().toString()))
                    .findFirst()
                    .ifPresent(entry -> {
                        throw new InputException(folder + ": holds \"" + entry.getFileName()
                                + "\", which replacing it would delete; expected a new folder, or one with only "
                                + String.join(", ", new TreeSet<>(names)));
                    });
        } catch (IOException e) {
            throw InputException.unreadable(folder, "a folder to replace", e);
        }
    }

    /** Removes a folder of files, so that nothing half-removed is ever to be seen under its name; nothing if there is none. */
    public static void remove(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        Path old = AtomicFile.beside(folder.toAbsolutePath(), "old");
        try {
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            delete(old);
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }

    /**
     * Clears up in a folder where writes of this class or of {@link AtomicFile} were cut short by the end of their process: what was
     * half-written goes, and an older version that was moved aside comes back if nothing took its place. Nobody may write there at the same
     * time. Other files are left alone.
     *
     * @throws InputException if that is not possible
     */
    public static void sweep(Path folder) {
        try {
            List<Path> entries;
            try (Stream<Path> all = Files.list(folder)) {
                entries = all.toList();
            }
            for (Path entry : entries) {
                Matcher leftover = LEFTOVER.matcher(entry.getFileName().toString());
                if (leftover.matches()) {
                    Path target = folder.resolve(leftover.group(1));
                    if (leftover.group(2).equals("old") && !Files.exists(target)) {
                        Files.move(entry, target, StandardCopyOption.ATOMIC_MOVE);
                    } else {
                        delete(entry);
                    }
                }
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }

    private static void moveIntoPlace(Path part, Path target) throws IOException {
        if (!Files.exists(target)) {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        Path old = AtomicFile.beside(target, "old");
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            throw e;
        }
        delete(old);
    }

    /** Makes the folders above the target and returns the topmost that had to be made, or null if none. */
    private static @Nullable Path makeParents(Path target) throws IOException {
        Path firstMade = null;
        for (Path p = target.getParent(); p != null && !Files.exists(p); p = p.getParent()) {
            firstMade = p;
        }
        try {
            Files.createDirectories(AtomicFile.folderOf(target));
        } catch (IOException e) {
            unmake(AtomicFile.folderOf(target), firstMade);
            throw e;
        }
        return firstMade;
    }

    private static void unmake(Path parent, @Nullable Path firstMade) throws IOException {
        if (firstMade == null) {
            return;
        }
        for (Path p = parent; p != null && p.startsWith(firstMade); p = p.getParent()) {
            Files.deleteIfExists(p);
        }
    }

    private static void forceAll(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                try (FileChannel channel = FileChannel.open(entry, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
        }
        AtomicFile.forceFolder(folder);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            List<Path> entries;
            try (Stream<Path> all = Files.list(folder)) {
                entries = all.toList();
            }
            for (Path entry : entries) {
                Files.delete(entry);
            }
        }
        Files.delete(folder);
    }
}
