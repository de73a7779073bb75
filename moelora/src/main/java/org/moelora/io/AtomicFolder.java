package org.moelora.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * Writes a folder of files so that nothing half-written is ever to be seen under its name: the files go to a folder beside
 * it, are forced to the disk, and that folder is renamed. An older folder is moved aside first and deleted last; if the new
 * one cannot take its place it is moved back. On failure nothing new is left behind, not even a parent folder made on the
 * way. Only an end of the process between two renames can leave the older folder under its name aside, until {@link #sweep}.
 *
 * <p>The caller names the files that such a folder holds. Regular files of these names are replaced and deleted; anything else in the
 * folder (a file manager's, an editor's, a folder, a link) is other people's and never deleted: {@link #write} refuses the folder, {@link #replace} moves
 * such entries into the new one. Links are not followed below the folder. Stateless; two writers to one name at the same time need their own order.
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

    private static final System.Logger LOG = System.getLogger(AtomicFolder.class.getName());

    private AtomicFolder() {}

    /**
     * Writes a folder, or replaces one that holds nothing but files of the given names; makes its parents if need be.
     *
     * @param folder the folder's final name
     * @param names every file name such a folder may hold; an older folder with anything else in it is left alone
     * @param body writes the files
     * @throws InputException if the folder cannot be written, or an older one holds something else
     */
    public static void write(Path folder, Set<String> names, Body body) {
        checkReplaceable(folder, names);
        swap(folder, names, body);
    }

    /**
     * Writes a folder, or replaces the files of the given names in one, all of them together. Whatever else is there stays.
     *
     * @param folder the folder's final name
     * @param names every file name that the body may write
     * @param body writes the files
     * @throws InputException if the folder cannot be written, or a name in it is taken, as {@link #checkNames} says
     */
    public static void replace(Path folder, Set<String> names, Body body) {
        checkNames(folder, names);
        swap(folder, names, body);
    }

    private static void swap(Path folder, Set<String> names, Body body) {
        try {
            Path target = Files.exists(folder)
                    ? folder.toRealPath()
                    : folder.toAbsolutePath().normalize();
            Path firstMade = makeParents(target);
            Path part = AtomicFile.beside(target, "part");
            boolean done = false;
            try {
                Files.createDirectory(part);
                body.writeTo(part);
                forceAll(part);
                moveIntoPlace(part, target, names);
                done = true;
            } finally {
                if (!done) {
                    delete(part, name -> true);
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
        for (Path entry : entriesToReplace(folder)) {
            if (!isFileOf(names::contains, entry)) {
                throw new InputException(folder + ": holds \"" + entry.getFileName()
                        + "\", which replacing it would delete; expected a new folder, or one with only "
                        + String.join(", ", new TreeSet<>(names)));
            }
        }
    }

    /**
     * Refuses a name that {@link #replace} could not replace, so that a long job can ask before it begins.
     *
     * @throws InputException if the name is taken by a file or by a link that leads nowhere, or by a folder in which one of the given names is
     *     anything but a regular file
     */
    public static void checkNames(Path folder, Set<String> names) {
        for (Path entry : entriesToReplace(folder)) {
            if (names.contains(entry.getFileName().toString())
                    && !Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
                throw new InputException(entry + ": this is "
                        + (Files.isSymbolicLink(entry) ? "a link" : "a folder")
                        + "; expected a file that may be replaced, or no file there");
            }
        }
    }

    private static List<Path> entriesToReplace(Path folder) {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": this is "
                    + (Files.exists(folder) ? "a file" : "a link that leads nowhere")
                    + "; expected a folder to write");
        }
        try {
            return entries(folder);
        } catch (IOException e) {
            throw InputException.unreadable(folder, "a folder to replace", e);
        }
    }

    /**
     * Removes the files of the given names in a folder, and the folder if nothing else is in it, so that nothing half-removed is ever to be seen
     * under its name; nothing happens if there is no such folder.
     *
     * @throws InputException if that is not possible
     */
    public static void remove(Path folder, Set<String> names) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            List<Path> all = entries(folder);
            if (all.stream().noneMatch(entry -> isFileOf(names::contains, entry)) && !all.isEmpty()) {
                return;
            }
            if (!all.stream().allMatch(entry -> isFileOf(names::contains, entry))) {
                swap(folder, names, part -> {});
                return;
            }
            Path old = AtomicFile.beside(folder.toAbsolutePath(), "old");
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            delete(old, names::contains);
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }

    /**
     * Clears up in a folder where writes of this class or of {@link AtomicFile} were cut short by the end of their process: what was
     * half-written goes, and an older version that was moved aside comes back if nothing took its place. The folder must have no other writer
     * at the same time. What others left in an older version moves to the newer one; what is not of the given names is left alone.
     *
     * @param names by the name of a file or folder that this program writes there, the files that such a folder holds: none for a file, null for
     *     what this program does not write
     * @throws InputException if that is not possible
     */
    public static void sweep(Path folder, Function<String, @Nullable Set<String>> names) {
        try {
            for (Path entry : entries(folder)) {
                Matcher leftover = LEFTOVER.matcher(entry.getFileName().toString());
                Set<String> files = leftover.matches() ? names.apply(leftover.group(1)) : null;
                if (files == null) {
                    continue;
                }
                Path target = folder.resolve(leftover.group(1));
                boolean old = leftover.group(2).equals("old");
                if (old && !Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                    Files.move(entry, target, StandardCopyOption.ATOMIC_MOVE);
                } else if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    if (old) {
                        moveForeign(entry, target, files);
                    }
                    delete(entry, files::contains);
                } else if (files.isEmpty() && Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
                    Files.delete(entry);
                }
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }

    private static void moveIntoPlace(Path part, Path target, Set<String> names) throws IOException {
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
        moveForeign(old, target, names);
        delete(old, names::contains);
    }

    /** Moves what is not this program's from a version that goes to the one that stays, unless a name is taken there. */
    private static void moveForeign(Path from, Path to, Set<String> names) throws IOException {
        boolean moved = false;
        for (Path entry : entries(from)) {
            Path place = to.resolve(entry.getFileName().toString());
            if (!isFileOf(names::contains, entry) && !Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(entry, place, StandardCopyOption.ATOMIC_MOVE);
                moved = true;
            }
        }
        if (moved) {
            AtomicFile.forceFolder(to);
        }
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
        try {
            for (Path p = parent; p != null && p.startsWith(firstMade); p = p.getParent()) {
                Files.deleteIfExists(p);
            }
        } catch (DirectoryNotEmptyException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> e.getMessage() + " is in use by others by now, and stays");
        }
    }

    private static void forceAll(Path folder) throws IOException {
        for (Path entry : entries(folder)) {
            if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
                try (FileChannel channel = FileChannel.open(entry, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
        }
        AtomicFile.forceFolder(folder);
    }

    /** Deletes the files of some names in a folder of this class's own, and the folder unless it holds more. */
    private static void delete(Path folder, Predicate<String> names) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        boolean all = true;
        for (Path entry : entries(folder)) {
            if (isFileOf(names, entry)) {
                Files.delete(entry);
            } else {
                all = false;
            }
        }
        if (all) {
            Files.delete(folder);
        } else {
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> folder + " stays, as it holds files that this program did not write");
        }
    }

    /** Whether an entry is a file of such a name, or the beginning of one that {@link AtomicFile} did not end. */
    private static boolean isFileOf(Predicate<String> names, Path entry) {
        String name = entry.getFileName().toString();
        Matcher leftover = LEFTOVER.matcher(name);
        return Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)
                && (names.test(name) || (leftover.matches() && names.test(leftover.group(1))));
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        }
    }
}
