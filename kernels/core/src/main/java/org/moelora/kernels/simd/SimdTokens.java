package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.floatsOrNull;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.cpu.HostMemory.sums;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;
import org.moelora.kernels.Tokens;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.cpu.Workers;

final class SimdTokens implements Tokens {
    private final Workers workers;
    private final Pool<Scratch> pool;

    SimdTokens(Workers workers, Pool<Scratch> pool) {
        this.workers = workers;
        this.pool = pool;
    }

    @Override
    public void embed(int rows, Memory ids, Frozen w, Memory y) {
        Source ws = Source.of(HostFrozen.of(w));
        int cols = w.cols();
        MemorySegment is = ints(ids, rows);
        MemorySegment ys = floats(y, (long) rows * cols);
        Ranges.run(workers, rows, 1, 2L * cols, (from, to) -> {
            Scratch s = pool.take();
            try {
                for (long t = from; t < to; t++) {
                    int id = Objects.checkIndex(getInt(is, t), w.rows());
                    for (int at = 0; at < cols; at += s.stage.length) {
                        int part = Math.min(s.stage.length, cols - at);
                        ws.read((long) id * cols + at, part, s.stage, 0, s.narrow);
                        long target = (t * cols + at) * Float.BYTES;
                        MemorySegment.copy(s.stage, 0, ys, ValueLayout.JAVA_FLOAT, target, part);
                    }
                }
            } finally {
                pool.free(s);
            }
        });
    }

    @Override
    public void gather(int rows, int cols, Memory ids, Memory table, Memory y) {
        MemorySegment is = ints(ids, rows);
        MemorySegment ts = floats(table, 0);
        MemorySegment ys = floats(y, (long) rows * cols);
        long bytes = (long) cols * Float.BYTES;
        Ranges.run(workers, rows, 1, cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                MemorySegment.copy(ts, getInt(is, t) * bytes, ys, t * bytes, bytes);
            }
        });
    }

    /** Cut by columns, so that each element of the table is added to in the order of the rows. */
    @Override
    public void scatterAdd(int rows, int cols, Memory ids, Memory x, Sink table) {
        if (table.isAbsent()) {
            return;
        }
        MemorySegment is = ints(ids, rows);
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ts = sums(table);
        Ranges.run(workers, cols, COUNT, rows, (from, to) -> {
            for (int t = 0; t < rows; t++) {
                long source = (long) t * cols;
                long target = (long) getInt(is, t) * cols;
                long i = from;
                for (; i + COUNT <= to; i += COUNT) {
                    FloatVector.fromMemorySegment(FLOATS, ts, (target + i) * Float.BYTES, ORDER)
                            .add(FloatVector.fromMemorySegment(FLOATS, xs, (source + i) * Float.BYTES, ORDER))
                            .intoMemorySegment(ts, (target + i) * Float.BYTES, ORDER);
                }
                for (; i < to; i++) {
                    set(ts, target + i, get(ts, target + i) + get(xs, source + i));
                }
            }
        });
    }

    @Override
    public void crossEntropy(
            int rows,
            int classes,
            Memory logits,
            Memory targets,
            float scale,
            Memory losses,
            @Nullable Memory dLogits) {
        MemorySegment xs = floats(logits, (long) rows * classes);
        MemorySegment is = ints(targets, rows);
        MemorySegment ls = floats(losses, rows);
        MemorySegment dxs = floatsOrNull(dLogits, (long) rows * classes);
        Ranges.run(workers, rows, 1, 8L * classes, (from, to) -> {
            for (long t = from; t < to; t++) {
                long row = t * classes;
                int target = Objects.checkIndex(getInt(is, t), classes);
                float max = Softmax.max(classes, xs, row);
                double logSum = Softmax.logSum(classes, xs, row, max);
                set(ls, t, (float) (logSum + ((double) max - get(xs, row + target))));
                if (dxs != null) {
                    Softmax.scaled(classes, xs, dxs, row, max, logSum, scale);
                    set(dxs, row + target, get(dxs, row + target) - scale);
                }
            }
        });
    }
}
