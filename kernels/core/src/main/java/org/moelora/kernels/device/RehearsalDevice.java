package org.moelora.kernels.device;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Optimizer;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Tokens;

/** See {@link Device#rehearsal}. */
public final class RehearsalDevice implements Device {
    private final Device rehearsed;
    private final Slabs slabs;
    private final Kernels kernels = idleKernels();

    /**
     * @param slabs where leases go; taken over
     */
    public RehearsalDevice(Device rehearsed, Slabs slabs) {
        this.rehearsed = rehearsed;
        this.slabs = slabs;
    }

    @Override
    public String name() {
        return rehearsed.name();
    }

    @Override
    public String description() {
        return rehearsed.description() + ", rehearsed";
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Memory allocate(DType dtype, long length, Owner owner) {
        return new Counted(dtype, length, slabs.lease(Spans.bytes(dtype, length), owner, newSlab -> {}));
    }

    @Override
    public Frozen freeze(MemorySegment source, DType dtype, int rows, int cols) {
        long bytes = Spans.frozen(source.byteSize(), dtype, rows, cols);
        boolean copied = rehearsed.ownMemory().isPresent();
        return new Weight(dtype, rows, cols, copied ? slabs.lease(bytes, Owner.MODEL, newSlab -> {}) : null);
    }

    @Override
    public void write(float[] source, Memory target, long at) {}

    @Override
    public void write(int[] source, Memory target, long at) {}

    @Override
    public void read(Memory source, long at, float[] target) {
        Arrays.fill(target, 0);
    }

    @Override
    public void read(Memory source, long at, int[] target) {
        Arrays.fill(target, 0);
    }

    @Override
    public MemoryUse memoryUse() {
        return slabs.use();
    }

    @Override
    public OptionalLong ownMemory() {
        return rehearsed.ownMemory();
    }

    @Override
    public Device rehearsal() {
        return new RehearsalDevice(rehearsed, new Slabs(slabs));
    }

    @Override
    public void trim() {
        slabs.trim(slab -> {});
    }

    @Override
    public void resetPeak() {
        slabs.resetPeak();
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return description();
    }

    /** A weight without numbers. */
    private final class Weight implements Frozen {
        private final DType dtype;
        private final int rows;
        private final int cols;
        private Slabs.@Nullable Range range;

        Weight(DType dtype, int rows, int cols, Slabs.@Nullable Range range) {
            this.dtype = dtype;
            this.rows = rows;
            this.cols = cols;
            this.range = range;
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
        public void close() {
            if (range != null) {
                slabs.free(range);
                range = null;
            }
        }
    }

    /** A lease without memory. */
    private final class Counted extends Memory {
        private final Slabs.Range range;
        private boolean open = true;

        Counted(DType dtype, long length, Slabs.Range range) {
            super(dtype, length);
            this.range = range;
        }

        @Override
        public Memory slice(long from, long length) {
            return window(this, this, from, length);
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                slabs.free(range);
            }
        }
    }

    private static Memory window(Memory whole, Memory on, long from, long length) {
        if (!whole.isOpen()) {
            throw new IllegalStateException("this memory has been freed");
        }
        Objects.checkFromIndexSize(from, length, on.length());
        return new Window(whole, length);
    }

    /** A part of such a lease. */
    private static final class Window extends Memory {
        private final Memory whole;

        Window(Memory whole, long length) {
            super(whole.dtype(), length);
            this.whole = whole;
        }

        @Override
        public Memory slice(long from, long length) {
            return window(whole, this, from, length);
        }

        @Override
        public boolean isOpen() {
            return whole.isOpen();
        }

        @Override
        public void close() {
            throw new IllegalStateException("a slice owns nothing: close the memory it was cut from");
        }
    }

    /** Kernels return nothing, so one that does nothing serves for all of them. */
    private static Kernels idleKernels() {
        return new Kernels(
                idle(MatMul.class),
                idle(Rows.class),
                idle(Attention.class),
                idle(Elementwise.class),
                idle(Tokens.class),
                idle(Mixture.class),
                idle(Optimizer.class));
    }

    private static <T> T idle(Class<T> family) {
        InvocationHandler nothing = (proxy, method, arguments) -> null;
        return family.cast(Proxy.newProxyInstance(family.getClassLoader(), new Class<?>[] {family}, nothing));
    }
}
