package org.moelora.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.UUID;
import org.moelora.engine.InputException;

/**
 * Writes a file so that its name shows either what was there before or all of the new bytes, whatever goes wrong: the bytes
 * go to a file beside it, are forced to the disk, and that file is renamed. On failure nothing is left behind. Stateless and
 * thread-safe; of two writers to one name, the later rename wins.
 */
public final class AtomicFile {
    /** Writes the bytes of a file. */
    @FunctionalInterface
    public interface Body {
        /** Writes to the channel, which is at position 0 of a new file and is closed by the caller. */
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes or replaces a file in an existing folder. If the name is a symbolic link, the file it leads to is replaced.
     *
     * @throws InputException if the file cannot be written
     */
    public static void write(Path file, Body body) {
        try {
            Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
            if (Files.isDirectory(target)) {
                throw new InputException(file + ": this is a folder; expected a file to write");
            }
            Path part = beside(target, "part");
            try {
                try (FileChannel channel =
                        FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    body.writeTo(channel);
                    channel.force(true);
                }
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(part);
            }
            forceFolder(folderOf(target));
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
    }

    /** Writes or replaces a file with a text in UTF-8, as {@link #write} does. */
    public static void write(Path file, String text) {
        write(file, channel -> {
            var bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    /** An unused hidden name in the same folder, so that a rename stays within one file system. */
    static Path beside(Path target, String suffix) {
        return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + "." + suffix);
    }

    /** The folder that holds an absolute path. */
    static Path folderOf(Path target) {
        return Objects.requireNonNull(target.getParent(), "the root of a file system is not to be written");
    }

    /** Makes a rename in the folder durable where the platform can open folders; elsewhere there is no way and no need. */
    static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            System.getLogger(AtomicFile.class.getName())
                    .log(System.Logger.Level.DEBUG, () -> folder + " could not be forced to the disk", e);
        }
    }
}
