package org.moelora.kernels.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The tile that was fastest on a device, on disk beside the programs: a first line such as {@code 128x64x16 8x8}, then lines for people.
 *
 * @param file where; created by {@link #keep}
 */
record KeptTile(Path file) {
    /** More than any such file has. */
    private static final long MOST_BYTES = 64 << 10;

    private static final System.Logger LOG = System.getLogger(KeptTile.class.getName());

    static KeptTile of(BinaryCache cache) {
        return new KeptTile(cache.folder().resolve("tile-" + cache.key("", "").substring(0, 16) + ".txt"));
    }

    /** What was kept; empty, with a line in the log, if the file is there and is none that the tuner wrote for this device. */
    Optional<Tiles.Tile> read(Platforms.Listed device) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new IOException("it is longer than " + MOST_BYTES + " bytes");
            }
            List<String> lines = Files.readAllLines(file);
            Tiles.Tile tile = Tiles.Tile.parse(lines.isEmpty() ? "" : lines.getFirst());
            if (!Tiles.CANDIDATES.contains(tile) || !tile.fits(device)) {
                throw new IllegalArgumentException(tile.text() + " is none for this device");
            }
            return Optional.of(tile);
        } catch (NoSuchFileException e) { // never tuned
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} is not used ({1}); moelora devices --tune writes it again",
                    file,
                    e.toString());
            return Optional.empty();
        }
    }

    /**
     * Replaces what was kept.
     *
     * @throws IllegalArgumentException if the file cannot be written
     */
    void keep(Tiles.Tile tile, List<String> notes) {
        try {
            Files.createDirectories(file.getParent());
            Path part = Files.createTempFile(file.getParent(), "part", ".txt");
            try {
                Files.writeString(part, tile.text() + "\n" + String.join("\n", notes) + "\n");
                BinaryCache.move(part, file);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(file + " cannot be written (" + e + "); expected a folder that can be,"
                    + " such as XDG_CACHE_HOME names");
        }
    }
}
