package org.moelora.engine.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;

/**
 * Collects tensors and writes them as one safetensors file, atomically (see {@link AtomicFile}). The header lists them in the
 * order they were added and is padded with spaces to a multiple of 8 bytes. The data has the F32 tensors before the BF16
 * ones, so that every tensor is aligned to its type.
 *
 * <p>Values are not copied when added: they are read while {@link #write} runs. Not thread-safe.
 */
public final class SafetensorsWriter {
    private static final int CHUNK_BYTES = 1 << 18;
    /** Read as bits, because a NaN's payload need not survive being a float. */
    private static final ValueLayout.OfInt BITS = ValueLayout.JAVA_INT_UNALIGNED;

    private record Entry(StoredType type, long[] shape, MemorySegment floats) {
        long bytes() {
            return floats.byteSize() / Float.BYTES * type.bits() / 8;
        }
    }

    private final Map<String, Entry> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    /** Starts with no tensors and no metadata. */
    public SafetensorsWriter() {}

    /** Adds a free text to the header's {@code __metadata__}; one of the same key is replaced. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /**
     * Adds a tensor to be written as F32, bit for bit.
     *
     * @param shape its sizes, outermost first
     * @param floats its values in row-major order: floats in the machine's byte order, as many as the shape says
     * @throws IllegalArgumentException if the name is taken or reserved, or the number of values is not the shape's
     */
    public SafetensorsWriter f32(String name, long[] shape, MemorySegment floats) {
        return add(name, new Entry(StoredType.F32, shape.clone(), floats));
    }

    /** Adds a tensor to be written as F32; as {@link #f32(String, long[], MemorySegment)}. */
    public SafetensorsWriter f32(String name, long[] shape, float[] values) {
        return f32(name, shape, MemorySegment.ofArray(values));
    }

    /** Adds a tensor to be rounded as {@link Bfloat16#fromFloat} does; else as {@link #f32(String, long[], MemorySegment)}. */
    public SafetensorsWriter bf16(String name, long[] shape, MemorySegment floats) {
        return add(name, new Entry(StoredType.BF16, shape.clone(), floats));
    }

    /** Adds a tensor to be rounded as {@link Bfloat16#fromFloat} does; else as {@link #f32(String, long[], MemorySegment)}. */
    public SafetensorsWriter bf16(String name, long[] shape, float[] values) {
        return bf16(name, shape, MemorySegment.ofArray(values));
    }

    private SafetensorsWriter add(String name, Entry entry) {
        long bytes = Float.BYTES;
        for (long size : entry.shape) {
            if (size < 0) {
                throw new IllegalArgumentException("tensor " + name + " has a negative size");
            }
            bytes = Math.multiplyExact(bytes, size);
        }
        if (bytes != entry.floats.byteSize()) {
            throw new IllegalArgumentException("tensor " + name + " has " + entry.floats.byteSize()
                    + " bytes of floats where its shape needs " + bytes);
        }
        if (name.equals("__metadata__") || tensors.putIfAbsent(name, entry) != null) {
            throw new IllegalArgumentException("tensor name " + name + " is taken");
        }
        return this;
    }

    /**
     * Writes the file, replacing one of that name. This may be called again, for another file or with newer values.
     *
     * @throws InputException if the file cannot be written
     */
    public void write(Path file) {
        List<Entry> ordered = new ArrayList<>();
        IdentityHashMap<Entry, Long> offsets = new IdentityHashMap<>();
        long offset = 0;
        for (StoredType type : List.of(StoredType.F32, StoredType.BF16)) {
            for (Entry entry : tensors.values()) {
                if (entry.type == type) {
                    ordered.add(entry);
                    offsets.put(entry, offset);
                    offset += entry.bytes();
                }
            }
        }
        byte[] header = header(offsets);
        AtomicFile.write(file, channel -> {
            ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            drain(channel, chunk.putLong(header.length));
            ByteBuffer text = ByteBuffer.wrap(header);
            while (text.hasRemaining()) {
                channel.write(text);
            }
            for (Entry entry : ordered) {
                write(entry, channel, chunk);
            }
        });
    }

    private byte[] header(IdentityHashMap<Entry, Long> offsets) {
        Map<String, Object> json = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            json.put("__metadata__", metadata);
        }
        tensors.forEach((name, entry) -> {
            long begin = offsets.getOrDefault(entry, 0L);
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("dtype", entry.type.name());
            info.put("shape", entry.shape);
            info.put("data_offsets", new long[] {begin, begin + entry.bytes()});
            json.put(name, info);
        });
        byte[] text = JsonWriter.line(json).getBytes(StandardCharsets.UTF_8);
        byte[] padded = new byte[(text.length + 7) / 8 * 8];
        System.arraycopy(text, 0, padded, 0, text.length);
        Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void write(Entry entry, FileChannel channel, ByteBuffer chunk) throws IOException {
        long count = entry.floats.byteSize() / Float.BYTES;
        for (long i = 0; i < count; i++) {
            int bits = entry.floats.get(BITS, i * Float.BYTES);
            if (entry.type == StoredType.F32) {
                chunk.putInt(bits);
            } else {
                chunk.putShort(Bfloat16.fromFloat(Float.intBitsToFloat(bits)));
            }
            if (chunk.remaining() < Float.BYTES) {
                drain(channel, chunk);
            }
        }
        drain(channel, chunk);
    }

    private static void drain(FileChannel channel, ByteBuffer chunk) throws IOException {
        chunk.flip();
        while (chunk.hasRemaining()) {
            channel.write(chunk);
        }
        chunk.clear();
    }
}
