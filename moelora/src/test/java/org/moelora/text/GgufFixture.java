package org.moelora.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.io.GgufFile;

/** Writes GGUF files of keys without tensors, as the format's specification has them. */
final class GgufFixture {
    private static final int U32 = 4;
    private static final int I32 = 5;
    private static final int F32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final Map<String, byte[]> values = new LinkedHashMap<>();

    /** The key {@code tokenizer.ggml.NAME}, or of that name if it begins with {@code general.}: a text, an Integer, a Boolean, an int[], a float[] or a list of texts; null for no such key. */
    GgufFixture with(String name, Object value) {
        var bytes = new ByteArrayOutputStream();
        switch (value) {
            case null -> {}
            case String text -> text(numbers(bytes, STRING), text);
            case Integer number -> numbers(bytes, U32, number);
            case Boolean flag -> numbers(bytes, BOOL).write(flag ? 1 : 0);
            case int[] array -> numbers(longNumber(numbers(bytes, ARRAY, I32), array.length), array);
            case float[] array -> {
                longNumber(numbers(bytes, ARRAY, F32), array.length);
                for (float number : array) {
                    numbers(bytes, Float.floatToRawIntBits(number));
                }
            }
            case List<?> texts -> {
                longNumber(numbers(bytes, ARRAY, STRING), texts.size());
                texts.forEach(text -> text(bytes, (String) text));
            }
            default -> throw new IllegalArgumentException(value.toString());
        }
        String key = name.startsWith("general.")
                ? name
                : "tokenizer." + (name.equals("chat_template") ? "" : "ggml.") + name;
        values.remove(key);
        if (value != null) {
            values.put(key, bytes.toByteArray());
        }
        return this;
    }

    /** Writes the file. */
    Path write(Path file) {
        var all = new ByteArrayOutputStream();
        all.writeBytes("GGUF".getBytes(StandardCharsets.UTF_8));
        longNumber(longNumber(numbers(all, 3), 0), values.size());
        values.forEach((key, value) -> text(all, key).writeBytes(value));
        try {
            return Files.write(file, all.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a file into the folder and reads its tokenizer. */
    Tokenizer in(Path folder) {
        try (GgufFile file = GgufFile.open(write(folder.resolve("model.gguf")))) {
            return Tokenizer.of(file.metadata());
        }
    }

    private static ByteArrayOutputStream text(ByteArrayOutputStream to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        longNumber(to, bytes.length).writeBytes(bytes);
        return to;
    }

    private static ByteArrayOutputStream numbers(ByteArrayOutputStream to, int... numbers) {
        ByteBuffer buffer = ByteBuffer.allocate(Integer.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(numbers);
        to.writeBytes(buffer.array());
        return to;
    }

    private static ByteArrayOutputStream longNumber(ByteArrayOutputStream to, long number) {
        to.writeBytes(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .array());
        return to;
    }
}
