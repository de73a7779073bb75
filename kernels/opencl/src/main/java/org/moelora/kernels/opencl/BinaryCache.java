package org.moelora.kernels.opencl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Compiled programs on disk, each under the SHA-256 of device, driver, options and source, with the SHA-256 of its bytes before them: what is cut off or changed
 * counts as not there. A disk that cannot be written costs a compilation and nothing else.
 *
 * @param folder where; created when something is kept
 * @param device name and driver of the device
 */
record BinaryCache(Path folder, String device) {
    /** System property with the folder; otherwise {@code $XDG_CACHE_HOME/moelora/opencl} or {@code ~/.cache/moelora/opencl}. */
    static final String FOLDER = "moelora.opencl.cache";

    private static final int DIGEST = 32;
    private static final System.Logger LOG = System.getLogger(BinaryCache.class.getName());

    static BinaryCache of(Platforms.Listed device) {
        return new BinaryCache(
                defaultFolder(),
                device.platformName() + "\n" + device.name() + "\n" + device.driver() + "\n" + device.version());
    }

    static Path defaultFolder() {
        String given = System.getProperty(FOLDER);
        if (given != null) {
            return Path.of(given);
        }
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base =
                cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return base.resolve("moelora").resolve("opencl");
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    String key(String options, String source) {
        MessageDigest digest = sha256();
        for (String part : new String[] {device, options, source}) {
            digest.update(part.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private Path file(String key) {
        return folder.resolve(key + ".bin");
    }

    Optional<byte[]> read(String key) {
        byte[] all;
        try {
            all = Files.readAllBytes(file(key));
        } catch (IOException e) { // not there, or not to be read: it is compiled
            return Optional.empty();
        }
        if (all.length <= DIGEST) {
            return Optional.empty();
        }
        byte[] binary = Arrays.copyOfRange(all, DIGEST, all.length);
        boolean whole = Arrays.equals(Arrays.copyOf(all, DIGEST), sha256().digest(binary));
        return whole ? Optional.of(binary) : Optional.empty();
    }

    void write(String key, byte[] binary) {
        try {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, "part", ".bin");
            try {
                byte[] all = Arrays.copyOf(sha256().digest(binary), DIGEST + binary.length);
                System.arraycopy(binary, 0, all, DIGEST, binary.length);
                Files.write(part, all);
                move(part, file(key));
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} cannot be written, so kernels are compiled again next time: {1}",
                    folder,
                    e.toString());
        }
    }

    /** Puts a whole file in place of another. */
    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Takes an entry out that the driver refused. */
    void drop(String key) {
        try {
            Files.deleteIfExists(file(key));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a refused binary stays on disk", e);
        }
    }
}
