package org.moelora.kernels.opencl;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jocl.cl_mem;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Owner;
import org.moelora.kernels.device.Spans;

/** A frozen weight, uploaded once, in the format it has in the checkpoint. */
final class DeviceFrozen implements Frozen {
    /** Bytes that are uploaded together: what is kept for it on the host until they have arrived. */
    private static final int PIECE = 16 << 20;

    private final DevicePool pool;
    private final DeviceMemory.Lease lease;
    private final DType dtype;
    private final int rows;
    private final int cols;

    DeviceFrozen(Commands commands, DevicePool pool, MemorySegment source, DType dtype, int rows, int cols) {
        long bytes = Spans.frozen(source.byteSize(), dtype, rows, cols);
        this.pool = pool;
        this.dtype = dtype;
        this.rows = rows;
        this.cols = cols;
        this.lease = pool.lease(bytes, Owner.MODEL);
        try {
            for (long at = 0; at < bytes; at += PIECE) {
                int part = (int) Math.min(PIECE, bytes - at);
                ByteBuffer piece = Commands.bytes(part);
                MemorySegment.ofBuffer(piece).copyFrom(source.asSlice(at, part));
                commands.write(piece, lease.buffer, pool.from(lease) + at);
            }
        } catch (RuntimeException | Error e) {
            pool.free(lease);
            throw e;
        }
    }

    /**
     * @throws IllegalArgumentException if it is another device's
     */
    static DeviceFrozen of(Frozen w) {
        if (!(w instanceof DeviceFrozen here)) {
            throw new IllegalArgumentException("an OpenCL kernel was given a weight of another device");
        }
        return here;
    }

    /**
     * @throws IllegalStateException if it has been freed
     */
    cl_mem buffer() {
        if (!lease.open || pool.isClosed()) {
            throw new IllegalStateException("this weight has been freed");
        }
        return lease.buffer;
    }

    /** First byte in the buffer. */
    long from() {
        return pool.from(lease);
    }

    /** Whether its rows are fours of numbers of 16 or 32 bits, each of which one load brings. */
    boolean inFours() {
        return !dtype.isQuantized() && cols % 4 == 0 && from() % 16 == 0;
    }

    /** The constant that chooses how {@code weights.cl} reads it. */
    String constant() {
        return "-DFORMAT_" + dtype;
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
        pool.free(lease);
    }
}
