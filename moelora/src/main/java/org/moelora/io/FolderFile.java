package org.moelora.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.moelora.engine.InputException;

/**
 * Files of a folder that came from somewhere else, a model's or an adapter's. A symbolic link in it could lead to any file of this machine, so
 * a link counts only if its end is in the folder too, or if the folder is a snapshot in the cache of Hugging Face's hub and the end is one of
 * the blobs that the hub keeps beside its snapshots:
 *
 * <pre>
 * models--ORGANISATION--NAME/snapshots/REVISION/config.json -> ../../blobs/HASH
 * </pre>
 *
 * <p>The folder itself is the caller's word and may be reached through links. What is neither a file nor a link to one, such as a pipe that would
 * never end, is refused. Between this look and the reading of the file no other process may change the folder. Stateless and thread-safe.
 */
public final class FolderFile {
    private static final String EXPECTED =
            "; expected a file in the folder, or in the blobs of Hugging Face's cache that the folder belongs to";

    private FolderFile() {}

    /** Whether a name that a file gives is that of an entry of its own folder: one part, and not the folder itself or its parent. */
    public static boolean isName(String name) {
        if (name.isEmpty()
                || name.equals(".")
                || name.equals("..")
                || name.chars().anyMatch(c -> c < ' ' || "/\\:*?\"<>|".indexOf(c) >= 0)) {
            return false;
        }
        try {
            return Path.of(name).getNameCount() == 1;
        } catch (InvalidPathException e) {
            return false; // a letter that file names of this machine do not have
        }
    }

    /**
     * The path of an entry that may be there or not.
     *
     * @param name one part; if it comes from a file, {@link #isName} has to hold
     * @throws InputException if a link leads out of the folder, or the entry is there and is not a file
     */
    public static Path of(Path folder, String name) {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            return file;
        }
        if (!Files.isRegularFile(file)) {
            String what = Files.isDirectory(file) ? "a folder" : "neither a file nor a folder";
            throw new InputException(file + ": this is " + what + "; expected a file");
        }
        try {
            Path home = folder.toRealPath();
            Path end = file.toRealPath();
            if (!end.startsWith(home) && !isBlobOf(home, end)) {
                throw new InputException(file + ": a link that leads to " + end + EXPECTED);
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, "a file", e);
        }
        return file;
    }

    /** Whether home is {@code REPOSITORY/snapshots/REVISION} and end is {@code REPOSITORY/blobs/HASH} in a cache of the hub. */
    private static boolean isBlobOf(Path home, Path end) {
        int parts = home.getNameCount();
        if (parts < 3
                || !home.getName(parts - 2).toString().equals("snapshots")
                || !home.getName(parts - 3).toString().startsWith("models--")) {
            return false;
        }
        return home.resolve("../../blobs").normalize().equals(end.getParent());
    }
}
