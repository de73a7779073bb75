package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;
import static org.moelora.kernels.opencl.DeviceMemory.ints;

import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;
import org.moelora.kernels.Tokens;

/** {@code tokens.cl}. */
final class OpenClTokens extends Family implements Tokens {
    OpenClTokens(Commands commands, Programs programs) {
        super("tokens", commands, programs);
    }

    @Override
    public void embed(int rows, Memory ids, Frozen w, Memory y) {
        DeviceFrozen table = DeviceFrozen.of(w);
        long n = (long) rows * w.cols();
        launch("embed", table.constant())
                .arg(rows)
                .arg(w.cols())
                .arg(w.rows())
                .arg(ints(ids, rows))
                .arg(table.buffer())
                .arg(table.from())
                .arg(floats(y, n))
                .arg(commands.faults())
                .items(n);
    }

    @Override
    public void gather(int rows, int cols, Memory ids, Memory table, Memory y) {
        long n = (long) rows * cols;
        launch("gather", "-DFORMAT_F32")
                .arg(rows)
                .arg(cols)
                .arg(table.length() / Math.max(1, cols))
                .arg(ints(ids, rows))
                .arg(floats(table, 0))
                .arg(floats(y, n))
                .arg(commands.faults())
                .items(n);
    }

    @Override
    public void scatterAdd(int rows, int cols, Memory ids, Memory x, Sink table) {
        if (table.isAbsent()) {
            return;
        }
        launch("scatterAdd", "-DFORMAT_F32")
                .arg(rows)
                .arg(cols)
                .arg(table.length() / Math.max(1, cols))
                .arg(ints(ids, rows))
                .arg(floats(x, (long) rows * cols))
                .arg(sums(table))
                .arg(commands.faults())
                .items(cols);
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
        long n = (long) rows * classes;
        DeviceMemory x = floats(logits, n);
        launch("crossEntropy", "-DFORMAT_F32")
                .arg(classes)
                .arg(x)
                .arg(ints(targets, rows))
                .arg(scale)
                .arg(floats(losses, rows))
                .arg(dLogits != null)
                .arg(dLogits == null ? x : floats(dLogits, n))
                .arg(commands.faults())
                .groups(rows);
    }
}
