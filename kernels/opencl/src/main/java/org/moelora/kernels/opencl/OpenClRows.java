package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;
import static org.moelora.kernels.opencl.DeviceMemory.ints;

import java.util.function.UnaryOperator;
import org.jocl.cl_mem;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Sink;
import org.moelora.kernels.device.Spans;

/** {@code rows.cl}. */
final class OpenClRows extends Family implements Rows {
    /** Rows of a band of items that are worth adding up on their own. */
    private static final int ROWS_PER_BAND = 8;

    private final Constants constants;
    private final Scratch scratch;
    private final int busy;

    /**
     * @param busy groups that keep the device busy
     */
    OpenClRows(Commands commands, Programs programs, Scratch scratch, Constants constants, int busy) {
        super("rows", commands, programs);
        this.scratch = scratch;
        this.busy = busy;
        this.constants = constants;
    }

    private static long size(int rows, int cols) {
        return Spans.matrix(rows, cols, cols);
    }

    @Override
    public void softmax(int rows, int cols, Memory x, Memory y) {
        long n = size(rows, cols);
        launch("softmax").arg(cols).arg(floats(x, n)).arg(floats(y, n)).groups(rows);
    }

    @Override
    public void softmaxGrad(int rows, int cols, Memory y, Memory dy, Sink dx) {
        long n = size(rows, cols);
        launch("softmaxGrad")
                .arg(cols)
                .arg(floats(y, n))
                .arg(floats(dy, n))
                .arg(dx, n)
                .groups(rows);
    }

    @Override
    public void rmsNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory y, Memory rstd) {
        long n = size(rows, cols);
        launch("rmsNorm")
                .arg(cols)
                .arg(eps)
                .arg(floats(x, n))
                .arg(floats(weight, cols))
                .arg(floats(y, n))
                .arg(floats(rstd, rows))
                .groups(rows);
    }

    @Override
    public void rmsNormGrad(int rows, int cols, Memory x, Memory weight, Memory rstd, Memory dy, Sink dx) {
        long n = size(rows, cols);
        launch("rmsNormGrad")
                .arg(cols)
                .arg(floats(x, n))
                .arg(floats(weight, cols))
                .arg(floats(rstd, rows))
                .arg(floats(dy, n))
                .arg(dx, n)
                .groups(rows);
    }

    @Override
    public void rmsNormWeightGrad(int rows, int cols, Memory x, Memory rstd, Memory dy, Sink dWeight) {
        long n = size(rows, cols);
        DeviceMemory xs = floats(x, n);
        DeviceMemory rstds = floats(rstd, rows);
        DeviceMemory dys = floats(dy, n);
        downColumns(
                "rmsNormWeightGrad",
                rows,
                cols,
                launch -> launch.arg(xs).arg(rstds).arg(dys),
                dWeight);
    }

    @Override
    public void layerNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory bias, Memory y, Memory stats) {
        long n = size(rows, cols);
        launch("layerNorm")
                .arg(cols)
                .arg(eps)
                .arg(floats(x, n))
                .arg(floats(weight, cols))
                .arg(floats(bias, cols))
                .arg(floats(y, n))
                .arg(floats(stats, 2L * rows))
                .groups(rows);
    }

    @Override
    public void layerNormGrad(int rows, int cols, Memory x, Memory weight, Memory stats, Memory dy, Sink dx) {
        long n = size(rows, cols);
        launch("layerNormGrad")
                .arg(cols)
                .arg(floats(x, n))
                .arg(floats(weight, cols))
                .arg(floats(stats, 2L * rows))
                .arg(floats(dy, n))
                .arg(dx, n)
                .groups(rows);
    }

    @Override
    public void copyRows(Matrix x, Matrix y, boolean accumulate) {
        launch("copyRows")
                .arg(y.rows())
                .arg(y.cols())
                .arg(floats(x))
                .arg(x.leading())
                .arg(floats(y))
                .arg(y.leading())
                .arg(accumulate)
                .items((long) y.rows() * y.cols());
    }

    @Override
    public void scaleColumns(int rows, int cols, Memory x, Memory scale, Sink y) {
        long n = size(rows, cols);
        launch("scaleColumns")
                .arg(rows)
                .arg(cols)
                .arg(floats(x, n))
                .arg(floats(scale, cols))
                .arg(y, n)
                .items(n);
    }

    @Override
    public void rowDots(int rows, int cols, Memory a, Memory b, Sink out) {
        long n = size(rows, cols);
        launch("rowDots")
                .arg(cols)
                .arg(floats(a, n))
                .arg(floats(b, n))
                .arg(out, rows)
                .groups(rows);
    }

    @Override
    public void addBias(int rows, int cols, Memory bias, Memory y) {
        long n = size(rows, cols);
        launch("addBias")
                .arg(rows)
                .arg(cols)
                .arg(floats(bias, cols))
                .arg(floats(y, n))
                .items(n);
    }

    @Override
    public void columnSum(int rows, int cols, Memory x, Sink out) {
        DeviceMemory xs = floats(x, size(rows, cols));
        downColumns("columnSum", rows, cols, launch -> launch.arg(xs), out);
    }

    /** Sums down columns: as many parts of the rows as keep the device busy, each long enough to be worth a group. */
    private void downColumns(String kernel, int rows, int cols, UnaryOperator<Launch> inputs, Sink out) {
        if (out.isAbsent()) {
            return;
        }
        int group = programs.group();
        int across = Math.min(Launch.ACROSS, group);
        int columnGroups = Math.ceilDiv(cols, across);
        int most = Math.ceilDiv(rows, ROWS_PER_BAND * (group / across));
        int wanted = Math.clamp(busy / Math.max(1, columnGroups), 1, Math.max(1, most));
        int rowsOfPart = Math.max(1, Math.ceilDiv(rows, wanted));
        int parts = Math.max(1, Math.ceilDiv(rows, rowsOfPart));
        synchronized (scratch) {
            cl_mem sums = scratch.floats((long) parts * cols);
            inputs.apply(launch(kernel).arg(rows).arg(cols).arg(rowsOfPart).arg(sums))
                    .run(new long[] {(long) columnGroups * group, parts}, new long[] {group, 1});
            launch("columnJoin").arg(parts).arg(cols).arg(sums).arg(out, cols).items(cols);
        }
    }

    @Override
    public void ropeTable(int rows, double[] frequencies, Memory positions, Memory table) {
        int half = frequencies.length;
        long[] turns = new long[half];
        for (int i = 0; i < half; i++) {
            double share = frequencies[i] / (2 * Math.PI);
            // A share of a turn in 64 bits; as a signed number, a half and more is counted from the other side.
            turns[i] = (long) ((share - Math.rint(share)) * 0x1p64);
        }
        DeviceMemory at = ints(positions, rows);
        DeviceMemory out = floats(table, 2L * rows * half);
        synchronized (constants) {
            launch("ropeTable")
                    .arg(rows)
                    .arg(half)
                    .arg(constants.longs(turns))
                    .arg(at)
                    .arg(out)
                    .items((long) rows * half);
        }
    }

    @Override
    public void rope(
            int rows, int heads, int headDim, Memory table, boolean interleaved, boolean inverse, Memory x, Sink y) {
        long n = (long) rows * heads * headDim;
        launch("rope")
                .arg(rows)
                .arg(heads)
                .arg(headDim)
                .arg(floats(table, (long) rows * headDim))
                .arg(interleaved)
                .arg(inverse ? -1f : 1f)
                .arg(floats(x, n))
                .arg(y, n)
                .items(n / 2);
    }

    @Override
    public void sum(Memory x, float scale, Sink out) {
        if (out.isAbsent()) {
            return;
        }
        int groups = groups(x.length());
        synchronized (scratch) {
            cl_mem sums = scratch.floats(groups);
            launch("sums").arg(x.length()).arg(floats(x, 0)).arg(sums).groups(groups);
            launch("sumOfSums").arg(groups).arg(sums).arg(scale).arg(out, 1).groups(1);
        }
    }
}
