package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.floatsOrNull;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.cpu.HostMemory.sums;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;
import org.moelora.kernels.Tokens;
import org.moelora.kernels.cpu.HostFrozen;

final class PlainTokens implements Tokens {
    /** {@code y_t = W[ids_t]} with ids [rows], y [rows, W.cols]. */
    @Override
    public void embed(int rows, Memory ids, Frozen w, Memory y) {
        MemorySegment ws = HostFrozen.of(w).segment();
        int cols = w.cols();
        MemorySegment is = ints(ids, rows);
        MemorySegment ys = floats(y, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            int id = Objects.checkIndex(getInt(is, t), w.rows());
            for (int i = 0; i < cols; i++) {
                set(ys, (long) t * cols + i, HostFrozen.get(ws, w.dtype(), (long) id * cols + i));
            }
        }
    }

    /** {@code y_t = table[ids_t]} with ids [rows], y [rows, cols]. */
    @Override
    public void gather(int rows, int cols, Memory ids, Memory table, Memory y) {
        MemorySegment is = ints(ids, rows);
        MemorySegment ts = floats(table, 0);
        MemorySegment ys = floats(y, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < cols; i++) {
                set(ys, (long) t * cols + i, get(ts, (long) getInt(is, t) * cols + i));
            }
        }
    }

    /** {@code dtable[ids_t] += dy_t} in the order of t, the backward pass of {@link #gather}. */
    @Override
    public void scatterAdd(int rows, int cols, Memory ids, Memory x, Sink table) {
        if (table.isAbsent()) {
            return;
        }
        MemorySegment is = ints(ids, rows);
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ts = sums(table);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < cols; i++) {
                long at = (long) getInt(is, t) * cols + i;
                set(ts, at, get(ts, at) + get(xs, (long) t * cols + i));
            }
        }
    }

    /**
     * {@code losses_t = log sum_c exp(logits_tc) - logits_t,target} and {@code dLogits_tc = scale (softmax(logits_t)_c - [c = target_t])}, [rows,
     * classes].
     */
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
        for (int t = 0; t < rows; t++) {
            long row = (long) t * classes;
            int target = Objects.checkIndex(getInt(is, t), classes);
            double max = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < classes; c++) {
                max = Math.max(max, get(xs, row + c));
            }
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                sum += Math.exp(get(xs, row + c) - max);
            }
            set(ls, t, (float) (Math.log(sum) + (max - get(xs, row + target))));
            if (dxs != null) {
                for (int c = 0; c < classes; c++) {
                    set(dxs, row + c, (float) (scale
                            * (Math.exp(get(xs, row + c) - max) / sum - (c == target ? 1 : 0))));
                }
            }
        }
    }
}
