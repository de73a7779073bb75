package org.moelora.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's printable alphabet for bytes: each of the 256 bytes is written as one letter, itself where it prints (such as
 * {@code a} or {@code é}) and a letter from U+0100 on where it does not (a space is {@code Ġ}). A byte-level vocabulary is
 * written in these letters.
 */
final class ByteAlphabet {
    private static final int LETTERS = 0x144;
    private static final char[] LETTER = new char[256];
    private static final short[] BYTE = new short[LETTERS];

    static {
        Arrays.fill(BYTE, (short) -1);
        char next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean prints = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            LETTER[b] = prints ? (char) b : next++;
            BYTE[LETTER[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    /** The letter of a byte, 0 to 255. */
    static String letter(int b) {
        return String.valueOf(LETTER[b]);
    }

    /** The text's UTF-8 bytes, each as its letter. */
    static String letters(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        char[] letters = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            letters[i] = LETTER[bytes[i] & 0xFF];
        }
        return new String(letters);
    }

    /** The bytes that the letters stand for, or null if one of them is no letter of this alphabet. */
    static byte @Nullable [] bytes(String letters) {
        byte[] bytes = new byte[letters.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = letters.charAt(i);
            if (c >= LETTERS || BYTE[c] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTE[c];
        }
        return bytes;
    }
}
