package org.moelora.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.device.Spans;

/** A frozen weight read in place, usually from a mapped checkpoint, in the format it has there. */
public final class HostFrozen implements Frozen {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment segment;
    private final DType dtype;
    private final int rows;
    private final int cols;
    private final @Nullable LongFunction<HostMemory> packs;
    private @Nullable HostMemory forward;
    private @Nullable HostMemory backward;
    private volatile boolean open = true;

    /**
     * @param packs leases F32 memory for copies of the weight in the kernels' own layout, or null if none are to be kept
     */
    HostFrozen(MemorySegment segment, DType dtype, int rows, int cols, @Nullable LongFunction<HostMemory> packs) {
        Spans.frozen(segment.byteSize(), dtype, rows, cols);
        this.segment = segment;
        this.dtype = dtype;
        this.rows = rows;
        this.cols = cols;
        this.packs = packs;
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int cols() {
        return cols;
    }

    @Override
    public synchronized void close() {
        open = false;
        for (HostMemory pack : new HostMemory[] {forward, backward}) {
            if (pack != null) {
                pack.close();
            }
        }
        forward = null;
        backward = null;
    }

    /**
     * The weight in the kernels' own layout, which {@code fill} makes the first time; null if the device keeps no such copies.
     *
     * @param transposed whether it is for {@code x W^T}; otherwise for {@code dy W}
     * @param length its elements
     */
    public synchronized @Nullable MemorySegment packed(boolean transposed, long length, Consumer<MemorySegment> fill) {
        segment();
        if (packs == null) {
            return null;
        }
        HostMemory pack = transposed ? forward : backward;
        if (pack == null) {
            pack = packs.apply(length);
            try {
                fill.accept(pack.segment());
            } catch (RuntimeException | Error e) {
                pack.close();
                throw e;
            }
            if (transposed) {
                forward = pack;
            } else {
                backward = pack;
            }
        }
        return pack.segment();
    }

    /** The weight's bytes, little-endian and possibly unaligned. */
    public MemorySegment segment() {
        if (!open) {
            throw new IllegalStateException("this weight has been freed");
        }
        return segment;
    }

    /** Checks that a kernel was given a weight of this device. */
    public static HostFrozen of(Frozen w) {
        if (!(w instanceof HostFrozen host)) {
            throw new IllegalArgumentException("a CPU kernel was given a weight of another device");
        }
        return host;
    }

    /** Element i of the row-major matrix in float32. */
    public static float get(MemorySegment segment, DType dtype, long i) {
        return switch (dtype) {
            case F32 -> segment.get(FLOAT, i * Float.BYTES);
            case BF16 -> Float.intBitsToFloat(segment.get(SHORT, i * Short.BYTES) << 16);
            case F16 -> Float.float16ToFloat(segment.get(SHORT, i * Short.BYTES));
            case I32 -> throw new IllegalArgumentException("I32 is not a weight's format");
            default -> Blocks.get(segment, dtype, i);
        };
    }
}
