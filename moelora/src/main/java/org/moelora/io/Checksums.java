package org.moelora.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.moelora.engine.InputException;

/**
 * SHA-256 of files, and a list of them beside the files of a folder: {@value #LIST}, in the format that {@code sha256sum -c}
 * reads. Any byte of any file that changes, the list's own included, shows. Stateless and thread-safe.
 */
public final class Checksums {
    /** The list's name. */
    public static final String LIST = "SHA256SUMS";

    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  ([^\\\\/\n]+)\n");
    private static final int BUFFER = 1 << 16;
    private static final int LONGEST_LIST = 1 << 16;

    private Checksums() {}

    /** A new SHA-256. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /**
     * The SHA-256 of a file's bytes, in lower-case hexadecimal digits.
     *
     * @throws InputException if the file cannot be read
     */
    public static String of(Path file) {
        try {
            return hash(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a file to take the checksum of", e);
        }
    }

    /** The SHA-256 of a text in UTF-8, likewise. */
    public static String ofText(String text) {
        return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] chunk = new byte[BUFFER];
        try (InputStream in = Files.newInputStream(file)) {
            int read;
            while ((read = in.read(chunk)) > 0) {
                digest.update(chunk, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Writes the list of these files in a folder. It is for the caller to force it to the disk. */
    public static void write(Path folder, Set<String> names) throws IOException {
        StringBuilder list = new StringBuilder();
        for (String name : new TreeSet<>(names)) {
            list.append(hash(folder.resolve(name))).append("  ").append(name).append('\n');
        }
        Files.writeString(folder.resolve(LIST), list);
    }

    /**
     * What differs between these files of a folder and its list, in words that name the file; empty if nothing does. Other files, which a file
     * manager or an editor may have put there, are not looked at.
     */
    public static Optional<String> damage(Path folder, Set<String> names) {
        try {
            Map<String, String> listed = read(folder.resolve(LIST));
            for (String name : new TreeSet<>(names)) {
                String sum = listed.get(name);
                if (sum == null) {
                    return Optional.of(name + " is not in " + LIST);
                }
                if (!Files.exists(folder.resolve(name))) {
                    return Optional.of(name + " is in " + LIST + " and missing");
                }
                if (!hash(folder.resolve(name)).equals(sum)) {
                    return Optional.of(name + " does not have the checksum that " + LIST + " says");
                }
            }
            return Optional.empty();
        } catch (IOException | InputException e) {
            return Optional.of(LIST + " or a file that it lists cannot be read (" + e.getMessage() + ")");
        }
    }

    private static Map<String, String> read(Path list) throws IOException {
        if (Files.size(list) > LONGEST_LIST) {
            throw new InputException("it is longer than " + LONGEST_LIST + " bytes");
        }
        // ISO 8859-1 has a character for each byte, so that what is malformed stays what it is and fits no line.
        String text = new String(Files.readAllBytes(list), StandardCharsets.ISO_8859_1);
        Map<String, String> sums = new TreeMap<>();
        Matcher line = LINE.matcher(text);
        int end = 0;
        while (end < text.length()) {
            line.region(end, text.length());
            if (!line.lookingAt() || sums.put(line.group(2), line.group(1)) != null) {
                throw new InputException("malformed after " + sums.size() + " lines");
            }
            end = line.end();
        }
        return sums;
    }
}
