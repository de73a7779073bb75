package org.moelora.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.moelora.engine.InputException;

/**
 * A safetensors file, mapped read-only: opening reads the header only, tensors are read in place, and a file may be larger
 * than memory or than 2 GB.
 *
 * <p>Reading is strict. The header must be strict JSON of at most {@value SafetensorsHeader#MAX_BYTES} bytes, and its tensors
 * must cover the rest of the file exactly; anything else is an {@link InputException} that names the file and the tensor.
 * Tensors begin where the header happens to end, so their bytes need not be aligned: read them with unaligned, little-endian
 * layouts.
 *
 * <p>Thread-safe. The segments live until {@link #close}, after which touching one throws {@link IllegalStateException}.
 * The file must not be truncated while it is open: reading what is gone throws {@link InternalError}; see {@link
 * #checkWhole}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final int LENGTH_BYTES = 8;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final Arena arena;
    private final long headerEnd;
    private final MemorySegment data;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path file, Arena arena, long headerEnd, MemorySegment data, SafetensorsHeader header) {
        this.headerEnd = headerEnd;
        this.file = file;
        this.arena = arena;
        this.data = data;
        this.header = header;
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws InputException if the file cannot be read or is not a whole, well-formed safetensors file
     */
    @SuppressWarnings("MustBeClosedChecker") // The arena belongs to the object that is returned, and close() closes it.
    public static SafetensorsFile open(Path file) {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment mapped = map(file, arena);
            long headerBytes = headerBytes(mapped, file);
            byte[] json = mapped.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
            MemorySegment data = mapped.asSlice(LENGTH_BYTES + headerBytes);
            return new SafetensorsFile(
                    file,
                    arena,
                    LENGTH_BYTES + headerBytes,
                    data,
                    SafetensorsHeader.parse(json, data.byteSize(), file.toString()));
        } catch (Throwable t) {
            arena.close();
            throw t;
        }
    }

    private static MemorySegment map(Path file, Arena arena) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (Files.isDirectory(file)) {
                throw new InputException(file + ": this is a folder; expected a safetensors file");
            }
            long size = channel.size();
            if (size < LENGTH_BYTES) {
                throw new InputException(file + ": only " + size + " bytes long; expected a safetensors file");
            }
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a safetensors file", e);
        }
    }

    private static long headerBytes(MemorySegment mapped, Path file) {
        long claimed = mapped.get(LONG, 0);
        if (claimed < 0 || claimed > SafetensorsHeader.MAX_BYTES) {
            throw new InputException(file + ": claims a header of " + Long.toUnsignedString(claimed)
                    + " bytes; expected a safetensors file, with at most " + SafetensorsHeader.MAX_BYTES);
        }
        long there = mapped.byteSize() - LENGTH_BYTES;
        if (claimed > there) {
            throw new InputException(file + ": claims a header of " + claimed + " bytes where only " + there
                    + " follow; expected a whole safetensors file");
        }
        return claimed;
    }

    /** The file this was opened from. */
    public Path file() {
        return file;
    }

    /** The tensors' names, in the header's order. */
    public Set<String> names() {
        return header.tensors().keySet();
    }

    /** The free texts of the header's {@code __metadata__}; empty if it has none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Whether it has a tensor with this name. */
    public boolean has(String name) {
        return header.tensors().containsKey(name);
    }

    /**
     * Type and shape of a tensor.
     *
     * @throws InputException if no such name exists
     */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new InputException(file + ": tensor " + Json.shown(name) + " is missing; expected it among the "
                    + header.tensors().size() + " in the file");
        }
        return info;
    }

    /**
     * A tensor's bytes, read-only and in place, valid until this is closed.
     *
     * @throws InputException if it has no tensor with this name
     */
    public MemorySegment segment(String name) {
        TensorInfo info = info(name);
        return data.asSlice(info.offset(), info.bytes());
    }

    /**
     * A copy of a tensor's values in row-major order. F32, F16 and BF16 are exact; F64 is rounded to the nearest float.
     *
     * @throws InputException if it has no tensor with this name, it is of another type, or it has more elements than an array
     */
    public float[] readFloats(String name) {
        TensorInfo info = info(name);
        long elements = info.elements();
        if (elements > Integer.MAX_VALUE - 8) {
            throw new InputException(file + ": tensor " + Json.shown(name) + " has " + elements
                    + " elements; expected what fits in an array");
        }
        float[] values = new float[(int) elements];
        readFloats(name, 0, values);
        return values;
    }

    /**
     * Copies a range of a tensor's values in row-major order, as {@link #readFloats(String)} does; the tensor may be of any size.
     *
     * @param from how many values come before the range
     * @param into all of it is filled
     * @throws InputException if it has no tensor with this name, or it is of another type
     * @throws IndexOutOfBoundsException if the range is not within the tensor
     */
    public void readFloats(String name, long from, float[] into) {
        TensorInfo info = info(name);
        MemorySegment bytes = segment(name);
        Objects.checkFromIndexSize(from, into.length, info.elements());
        switch (info.type()) {
            case F32 -> MemorySegment.copy(bytes, FLOAT, from * Float.BYTES, into, 0, into.length);
            case BF16 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = Bfloat16.toFloat(bytes.get(SHORT, (from + i) * Short.BYTES));
                }
            }
            case F16 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = Float.float16ToFloat(bytes.get(SHORT, (from + i) * Short.BYTES));
                }
            }
            case F64 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = (float) bytes.get(DOUBLE, (from + i) * Double.BYTES);
                }
            }
            default ->
                throw new InputException(file + ": tensor " + Json.shown(name) + " is " + info.type()
                        + "; expected F32, BF16, F16 or F64");
        }
    }

    /**
     * Whether the file still has all the bytes it had when it was opened. If another process has cut it off, reading what is gone throws {@link
     * InternalError}, and this says why.
     *
     * @throws InputException if it has not
     */
    public void checkWhole() {
        long mapped = headerEnd + data.byteSize();
        long now;
        try {
            now = Files.size(file);
        } catch (IOException e) {
            return; // a file that was deleted keeps its bytes as long as it is mapped
        }
        if (now < mapped) {
            throw new InputException(file + ": " + now + " bytes long now, and " + mapped
                    + " when it was opened; expected no program to write to a model while it is in use");
        }
    }

    /** Unmaps the file. Closing twice does nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
