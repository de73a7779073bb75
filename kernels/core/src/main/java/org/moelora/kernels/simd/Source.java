package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.moelora.kernels.DType;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.cpu.HostMemory;

/**
 * A matrix to be packed: hands out runs of its elements as float32 on the heap. Everything behind the packing then sees one kind of array,
 * wherever the numbers come from and in whatever format.
 */
sealed interface Source {
    /** Copies elements {@code from .. from + n} to {@code out[at ..]}. */
    void read(long from, int n, float[] out, int at, short[] narrow);

    /** A lease's matrix from its element (0, 0) on. */
    static Source of(Matrix m) {
        return new Leased(from(m));
    }

    /** The bytes of a matrix from its element (0, 0) on. */
    static MemorySegment from(Matrix m) {
        MemorySegment all = HostMemory.floats(m);
        return m.offset() == 0 ? all : all.asSlice(m.offset() * Float.BYTES);
    }

    /** Device memory. */
    record Leased(MemorySegment floats) implements Source {
        @Override
        public void read(long from, int n, float[] out, int at, short[] narrow) {
            int whole = Lanes.floor(n);
            for (int i = 0; i < whole; i += COUNT) {
                FloatVector.fromMemorySegment(FLOATS, floats, (from + i) * Float.BYTES, ORDER)
                        .intoArray(out, at + i);
            }
            for (int i = whole; i < n; i++) {
                out[at + i] = HostMemory.get(floats, from + i);
            }
        }
    }

    /** A frozen float32 weight: mapped, native or on the heap, so copied in bulk. */
    record Wide(MemorySegment bytes) implements Source {
        private static final ValueLayout.OfFloat LAYOUT =
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        @Override
        public void read(long from, int n, float[] out, int at, short[] narrow) {
            MemorySegment.copy(bytes, LAYOUT, from * Float.BYTES, out, at, n);
        }
    }

    /** A frozen bfloat16 or binary16 weight. */
    record Narrow(MemorySegment bytes, boolean bfloat16) implements Source {
        private static final ValueLayout.OfShort LAYOUT =
                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
        private static final VectorSpecies<Short> SHORTS =
                VectorSpecies.of(short.class, jdk.incubator.vector.VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

        @Override
        public void read(long from, int n, float[] out, int at, short[] narrow) {
            for (int done = 0; done < n; done += narrow.length) {
                int part = Math.min(narrow.length, n - done);
                MemorySegment.copy(bytes, LAYOUT, (from + done) * Short.BYTES, narrow, 0, part);
                if (bfloat16) {
                    widenBfloat16(narrow, part, out, at + done);
                } else {
                    widenBinary16(narrow, part, out, at + done);
                }
            }
        }

        private static void widenBfloat16(short[] from, int n, float[] to, int at) {
            int whole = Lanes.floor(n);
            for (int i = 0; i < whole; i += COUNT) {
                var bits =
                        (IntVector) ShortVector.fromArray(SHORTS, from, i).convertShape(VectorOperators.S2I, INTS, 0);
                bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, at + i);
            }
            for (int i = whole; i < n; i++) {
                to[at + i] = Float.intBitsToFloat(from[i] << 16);
            }
        }

        /** C2 turns this loop into the hardware's conversion by itself. */
        private static void widenBinary16(short[] from, int n, float[] to, int at) {
            for (int i = 0; i < n; i++) {
                to[at + i] = Float.float16ToFloat(from[i]);
            }
        }
    }

    /** A frozen weight in blocks: whole blocks through {@link Dequantize}, what a run cuts off of one element by element. */
    record Quantized(MemorySegment bytes, DType dtype) implements Source {
        @Override
        public void read(long from, int n, float[] out, int at, short[] narrow) {
            int size = dtype.blockElements();
            int done = 0;
            while (done < n && (from + done) % size != 0) {
                out[at + done] = HostFrozen.get(bytes, dtype, from + done);
                done++;
            }
            int whole = done + (n - done) / size * size;
            Dequantize.blocks(bytes, dtype, (from + done) / size, (whole - done) / size, out, at + done);
            for (int i = whole; i < n; i++) {
                out[at + i] = HostFrozen.get(bytes, dtype, from + i);
            }
        }
    }

    /** The weight's bytes in place. */
    static Source of(HostFrozen w) {
        return switch (w.dtype()) {
            case F32 -> new Wide(w.segment());
            case BF16 -> new Narrow(w.segment(), true);
            case F16 -> new Narrow(w.segment(), false);
            case I32 -> throw new IllegalArgumentException("I32 is not a weight's format");
            default -> new Quantized(w.segment(), w.dtype());
        };
    }
}
