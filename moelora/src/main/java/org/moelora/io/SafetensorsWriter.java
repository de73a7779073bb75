package org.moelora.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;

/**
 * Collects tensors and writes them as one safetensors file, atomically (see {@link AtomicFile}). The header lists them in the
 * order they were added and is padded with spaces to a multiple of 8 bytes. The data has the tensors of wider types first, so
 * that every tensor is aligned to its type.
 *
 * <p>Values are not copied when added: they are read, or asked for piece by piece, while {@link #write} runs. Not thread-safe.
 */
public final class SafetensorsWriter {
    private static final int CHUNK_BYTES = 1 << 18;
    /** Read as bits, because a NaN's payload need not survive being a float. */
    private static final ValueLayout.OfInt BITS = ValueLayout.JAVA_INT_UNALIGNED;

    /** The values of a tensor that need not all be there at once. */
    @FunctionalInterface
    public interface Values {
        /**
         * Gives the next values in row-major order; called until all are there, in order.
         *
         * @param from how many came before
         * @param into where to put them; all of it is to be filled
         */
        void read(long from, float[] into);
    }

    /** Writes the bytes of a tensor. */
    private interface Body {
        void writeTo(FileChannel channel, ByteBuffer chunk) throws IOException;
    }

    private record Entry(StoredType type, long[] shape, long bytes, Body body) {}

    private final Map<String, Entry> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    /** For values that are asked for: kept from piece to piece and tensor to tensor, which mostly are of one length. */
    private float[] buffer = {};

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
        checkBytes(name, StoredType.F32, shape, floats.byteSize());
        return add(name, StoredType.F32, shape, (channel, chunk) -> writeBits(floats, channel, chunk));
    }

    /** Adds a tensor to be written as F32; as {@link #f32(String, long[], MemorySegment)}. */
    public SafetensorsWriter f32(String name, long[] shape, float[] values) {
        return f32(name, shape, MemorySegment.ofArray(values));
    }

    /** Adds a tensor to be rounded as {@link Bfloat16#fromFloat} does; else as {@link #f32(String, long[], MemorySegment)}. */
    public SafetensorsWriter bf16(String name, long[] shape, MemorySegment floats) {
        checkBytes(name, StoredType.F32, shape, floats.byteSize());
        return add(name, StoredType.BF16, shape, (channel, chunk) -> writeRounded(floats, channel, chunk));
    }

    /** Adds a tensor to be rounded as {@link Bfloat16#fromFloat} does; else as {@link #f32(String, long[], MemorySegment)}. */
    public SafetensorsWriter bf16(String name, long[] shape, float[] values) {
        return bf16(name, shape, MemorySegment.ofArray(values));
    }

    /**
     * Adds a tensor of any type whose bytes are there already, to be written as they are.
     *
     * @param bytes as the format has them: little-endian, row-major
     * @throws IllegalArgumentException if the name is taken or reserved, or the number of bytes is not the shape's
     */
    public SafetensorsWriter bytes(String name, StoredType type, long[] shape, MemorySegment bytes) {
        checkBytes(name, type, shape, bytes.byteSize());
        return add(name, type, shape, (channel, chunk) -> copy(bytes, channel, chunk));
    }

    /**
     * Adds a tensor whose values are asked for while the file is written, a piece at a time, and rounded to the nearest number of the type,
     * ties to the even one. What is too large for the type becomes an infinity.
     *
     * @param type F32, BF16 or F16
     * @param piece how many values to ask for at a time, from 1; the last piece may be smaller
     * @throws IllegalArgumentException if the name is taken or reserved, or for another type
     */
    public SafetensorsWriter values(String name, StoredType type, long[] shape, int piece, Values values) {
        if (type != StoredType.F32 && type != StoredType.BF16 && type != StoredType.F16) {
            throw new IllegalArgumentException("tensor " + name + " is to be rounded to " + type);
        }
        if (piece < 1) {
            throw new IllegalArgumentException("tensor " + name + " is to be read " + piece + " values at a time");
        }
        long count = size(name, type, shape) * 8 / type.bits();
        return add(name, type, shape, (channel, chunk) -> writeValues(type, count, piece, values, channel, chunk));
    }

    private static long size(String name, StoredType type, long[] shape) {
        long bits = type.bits();
        for (long size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException("tensor " + name + " has a negative size");
            }
            bits = Math.multiplyExact(bits, size);
        }
        if (bits % 8 != 0) {
            throw new IllegalArgumentException("tensor " + name + " is not a whole number of bytes");
        }
        return bits / 8;
    }

    private static void checkBytes(String name, StoredType type, long[] shape, long there) {
        long needed = size(name, type, shape);
        if (needed != there) {
            throw new IllegalArgumentException(
                    "tensor " + name + " has " + there + " bytes of " + type + " where its shape needs " + needed);
        }
    }

    private SafetensorsWriter add(String name, StoredType type, long[] shape, Body body) {
        Entry entry = new Entry(type, shape.clone(), size(name, type, shape), body);
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
        List<Entry> ordered = tensors.values().stream()
                .sorted(Comparator.comparingInt((Entry entry) -> entry.type.bits())
                        .reversed())
                .toList();
        IdentityHashMap<Entry, Long> offsets = new IdentityHashMap<>();
        long offset = 0;
        for (Entry entry : ordered) {
            offsets.put(entry, offset);
            offset += entry.bytes;
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
                entry.body.writeTo(channel, chunk);
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
            info.put("data_offsets", new long[] {begin, begin + entry.bytes});
            json.put(name, info);
        });
        byte[] text = JsonWriter.line(json).getBytes(StandardCharsets.UTF_8);
        byte[] padded = new byte[(text.length + 7) / 8 * 8];
        System.arraycopy(text, 0, padded, 0, text.length);
        Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void writeBits(MemorySegment floats, FileChannel channel, ByteBuffer chunk) throws IOException {
        for (long at = 0; at < floats.byteSize(); at += Float.BYTES) {
            chunk.putInt(floats.get(BITS, at));
            drainIfFull(channel, chunk);
        }
        drain(channel, chunk);
    }

    private static void writeRounded(MemorySegment floats, FileChannel channel, ByteBuffer chunk) throws IOException {
        for (long at = 0; at < floats.byteSize(); at += Float.BYTES) {
            chunk.putShort(Bfloat16.fromFloat(Float.intBitsToFloat(floats.get(BITS, at))));
            drainIfFull(channel, chunk);
        }
        drain(channel, chunk);
    }

    private void writeValues(
            StoredType type, long count, int piece, Values values, FileChannel channel, ByteBuffer chunk)
            throws IOException {
        for (long from = 0; from < count; from += buffer.length) {
            int length = (int) Math.min(piece, count - from);
            if (buffer.length != length) {
                buffer = new float[length];
            }
            values.read(from, buffer);
            for (float value : buffer) {
                switch (type) {
                    case F32 -> chunk.putFloat(value);
                    case BF16 -> chunk.putShort(Bfloat16.fromFloat(value));
                    default -> chunk.putShort(Float.floatToFloat16(value));
                }
                drainIfFull(channel, chunk);
            }
        }
        drain(channel, chunk);
    }

    private static void copy(MemorySegment bytes, FileChannel channel, ByteBuffer chunk) throws IOException {
        for (long at = 0; at < bytes.byteSize(); ) {
            int length = (int) Math.min(chunk.remaining(), bytes.byteSize() - at);
            chunk.put(bytes.asSlice(at, length).asByteBuffer());
            drain(channel, chunk);
            at += length;
        }
    }

    private static void drainIfFull(FileChannel channel, ByteBuffer chunk) throws IOException {
        if (chunk.remaining() < Long.BYTES) {
            drain(channel, chunk);
        }
    }

    private static void drain(FileChannel channel, ByteBuffer chunk) throws IOException {
        chunk.flip();
        while (chunk.hasRemaining()) {
            channel.write(chunk);
        }
        chunk.clear();
    }
}
