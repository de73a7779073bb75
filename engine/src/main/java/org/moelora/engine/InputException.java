package org.moelora.engine;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * A mistake in what the user gave: a file, a row, a field, a flag.
 *
 * <p>The message is one sentence that says what is wrong, where (file, row, field or flag) and what was expected, so that
 * a program may print it as it is, without a stack trace: it is one line of at most a few thousand characters without control characters,
 * whatever the file says that it quotes. Anything else that goes wrong is some other exception.
 */
public sealed class InputException extends RuntimeException permits UnsupportedFeature {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 4000;

    /** Makes one from its sentence. */
    public InputException(String message) {
        super(printable(message));
    }

    /** Makes one from its sentence, keeping what led to it for a debugger. */
    public InputException(String message, Throwable cause) {
        super(printable(message), cause);
    }

    /**
     * The sentence for a file or folder of the user's that could not be read.
     *
     * @param path what was to be read
     * @param expected what should have been there, such as "a JSON file"
     * @param cause why it could not be read
     */
    public static InputException unreadable(Path path, String expected, IOException cause) {
        return new InputException(path + ": " + reason(cause) + "; expected " + expected, cause);
    }

    /**
     * The sentence for a file or folder that could not be written.
     *
     * @param path what was to be written
     * @param cause why it could not be written
     */
    public static InputException unwritable(Path path, IOException cause) {
        return new InputException(path + ": " + reason(cause) + "; expected a place that can be written", cause);
    }

    /** What a file says may be in a sentence, and must not move the cursor of the terminal that shows it, nor fill it. */
    private static String printable(String message) {
        String line = escaped(message);
        int half = LONGEST / 2;
        return line.length() <= LONGEST
                ? line
                : line.substring(0, half) + " ... " + line.substring(line.length() - half);
    }

    /**
     * A text in which each character that is not seen stands as JSON escapes it, such as {@code \\u0003}: controls, formats such as those that turn
     * the direction of writing, and halves of surrogate pairs.
     */
    private static String escaped(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> {
                    for (char unit : Character.toChars(c)) {
                        line.append("\\u").append(HexFormat.of().toHexDigits(unit));
                    }
                }
                default -> line.appendCodePoint(c);
            }
        });
        return line.toString();
    }

    /** Why a file could not be read or written, in a few words. */
    public static String reason(IOException cause) {
        return switch (cause) {
            case NoSuchFileException e -> "there is no such file or folder";
            case AccessDeniedException e -> "permission denied";
            case NotDirectoryException e -> "not a folder";
            case FileSystemLoopException e -> "a link leads back to itself";
            case FileAlreadyExistsException e -> "a file is in the way";
            case CharacterCodingException e -> "not UTF-8 text";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> {
                String said = cause.getMessage();
                yield said == null || said.isBlank() ? cause.getClass().getSimpleName() : said.strip();
            }
        };
    }
}
