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
import java.util.Set;
import org.moelora.engine.InputException;

/**
 * A GGUF file of version 2 or 3, mapped read-only: opening reads the header only, tensors are read in place, and a file may be larger than memory or than
 * 2 GB.
 *
 * <p>Reading is strict: every count and length is held against what is left of the file before it is used, keys and tensors are there once, and
 * tensors lie inside the file, aligned, and apart from each other; anything else is an {@link InputException} that names the file and the key or the
 * tensor.
 *
 * <p>Thread-safe. The segments live until {@link #close}, after which touching one throws {@link IllegalStateException}. The file must not be truncated
 * while it is open: reading what is gone throws {@link InternalError}; see {@link #checkWhole}.
 */
public final class GgufFile implements AutoCloseable {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final Arena arena;
    private final MemorySegment mapped;
    private final MemorySegment data;
    private final GgufMetadata metadata;
    private final Map<String, GgufTensor> tensors;

    private GgufFile(Path file, Arena arena, MemorySegment mapped, GgufHeader header) {
        this.file = file;
        this.arena = arena;
        this.mapped = mapped;
        this.data = mapped.asSlice(header.dataStart());
        this.metadata = header.metadata();
        this.tensors = header.tensors();
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws InputException if the file cannot be read or is not a whole, well-formed GGUF file
     */
    @SuppressWarnings("MustBeClosedChecker") // The arena belongs to the object that is returned, and close() closes it.
    public static GgufFile open(Path file) {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment mapped = map(file, arena);
            return new GgufFile(file, arena, mapped, GgufHeader.read(mapped, file.toString()));
        } catch (Throwable t) {
            arena.close();
            throw t;
        }
    }

    private static MemorySegment map(Path file, Arena arena) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (Files.isDirectory(file)) {
                throw new InputException(file + ": this is a folder; expected a GGUF file");
            }
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a GGUF file", e);
        }
    }

    /** The file this was opened from. */
    public Path file() {
        return file;
    }

    /** Its keys and values. */
    public GgufMetadata metadata() {
        return metadata;
    }

    /** The tensors' names, in the header's order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /** Whether it has a tensor with this name. */
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /**
     * Type and shape of a tensor.
     *
     * @throws InputException if no such name exists
     */
    public GgufTensor info(String name) {
        GgufTensor info = tensors.get(name);
        if (info == null) {
            throw new InputException(file + ": tensor " + Json.shown(name) + " is missing; expected it among the "
                    + tensors.size() + " in the file");
        }
        return info;
    }

    /**
     * A tensor's bytes, read-only and in place, valid until this is closed.
     *
     * @throws InputException if it has no tensor with this name
     */
    public MemorySegment segment(String name) {
        GgufTensor info = info(name);
        return data.asSlice(info.offset(), info.bytes());
    }

    /**
     * A copy of a tensor's values in row-major order. F32, F16 and BF16 are exact.
     *
     * @throws InputException if it has no tensor with this name, it is of another type, or it has more elements than an array
     */
    public float[] readFloats(String name) {
        GgufTensor info = info(name);
        MemorySegment bytes = segment(name);
        long elements = info.bytes() / info.type().blockBytes() * info.type().blockElements();
        if (elements > Integer.MAX_VALUE - 8) {
            throw new InputException(file + ": tensor " + Json.shown(name) + " has " + elements
                    + " elements; expected what fits in an array");
        }
        float[] values = new float[(int) elements];
        switch (info.type()) {
            case F32 -> MemorySegment.copy(bytes, FLOAT, 0, values, 0, values.length);
            case BF16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = Bfloat16.toFloat(bytes.get(GgufMetadata.SHORT, 2L * i));
                }
            }
            case F16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = Float.float16ToFloat(bytes.get(GgufMetadata.SHORT, 2L * i));
                }
            }
            default ->
                throw new InputException(
                        file + ": tensor " + name + " has the format " + info.type() + "; expected F32, F16 or BF16");
        }
        return values;
    }

    /**
     * Whether the file still has all the bytes it had when it was opened. If another process has cut it off, reading what is gone throws {@link
     * InternalError}, and this says why.
     *
     * @throws InputException if it has not
     */
    public void checkWhole() {
        long now;
        try {
            now = Files.size(file);
        } catch (IOException e) {
            return; // a file that was deleted keeps its bytes as long as it is mapped
        }
        if (now < mapped.byteSize()) {
            throw new InputException(file + ": " + now + " bytes long now, and " + mapped.byteSize()
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
