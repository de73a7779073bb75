package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import java.util.function.UnaryOperator;
import org.jocl.cl_mem;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/** {@code matmul.cl}. */
final class OpenClMatMul extends Family implements MatMul {
    /** Rows up to which each weight is read once and tiles do not pay: MOST_ROWS of the kernel. */
    private static final int FEW = 4;

    /** Steps in depth that are worth a group of their own. */
    private static final int STEPS_PER_PART = 4;

    private final Tiles tiles;
    private final int busy;
    private final Scratch scratch;

    /**
     * @param busy groups that keep the device busy: with fewer tiles the depth is dealt out, too
     */
    OpenClMatMul(Commands commands, Programs programs, Scratch scratch, Tiles tiles, int busy) {
        super("matmul", commands, programs);
        this.tiles = tiles;
        this.busy = busy;
        this.scratch = scratch;
    }

    private static String transposes(boolean a, boolean b) {
        return "-DTA=" + (a ? 1 : 0) + " -DTB=" + (b ? 1 : 0);
    }

    @Override
    public void product(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        DeviceMemory bs = floats(b);
        product(
                transposes(a.transposed(), b.transposed()) + " -DFORMAT_F32 ",
                alpha,
                a,
                launch -> launch.arg(bs).arg(b.leading()),
                beta,
                c);
    }

    @Override
    public void products(int batch, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        int m = c.rows() / batch;
        int n = c.cols();
        int k = a.parts(0, 1, batch).cols();
        DeviceMemory cs = floats(c);
        run(
                launch("gemm", transposes(a.transposed(), b.transposed()) + " -DFORMAT_F32 " + tiles.small())
                        .arg(m)
                        .arg(n)
                        .arg(k)
                        .arg(alpha)
                        .arg(floats(a))
                        .arg(a.leading())
                        .arg(stride(a, batch))
                        .arg(floats(b))
                        .arg(b.leading())
                        .arg(stride(b, batch))
                        .arg(beta)
                        .arg(cs)
                        .arg(c.leading())
                        .arg(stride(c, batch))
                        .arg(1)
                        .arg(k)
                        .arg(cs.buffer()),
                tiles.smallTile(),
                m,
                n,
                batch);
    }

    /** Numbers from the beginning of one part to that of the next. */
    private static long stride(Matrix m, int parts) {
        return (long) (m.transposed() ? m.cols() : m.rows()) / parts * m.leading();
    }

    /**
     * {@code C = alpha A B + beta C}.
     *
     * @param factor adds B and its leading dimension to the arguments
     */
    private void product(String constants, float alpha, Matrix a, UnaryOperator<Launch> factor, float beta, Matrix c) {
        int m = c.rows();
        int n = c.cols();
        int k = a.cols();
        Tiles.Tile tile = tiles.of(m, n);
        int depth = partDepth(tile, m, n, k);
        int parts = Math.max(1, Math.ceilDiv(k, depth));
        DeviceMemory cs = floats(c);
        Launch launch = launch("gemm", constants + tile.constants())
                .arg(m)
                .arg(n)
                .arg(k)
                .arg(alpha)
                .arg(floats(a))
                .arg(a.leading())
                .arg(0L);
        factor.apply(launch)
                .arg(0L)
                .arg(beta)
                .arg(cs)
                .arg(c.leading())
                .arg(0L)
                .arg(parts)
                .arg(depth);
        if (parts == 1) {
            run(launch.arg(cs.buffer()), tile, m, n, 1);
            return;
        }
        synchronized (scratch) {
            cl_mem partials = scratch.floats((long) parts * m * n);
            run(launch.arg(partials), tile, m, n, parts);
            new Launch(commands, programs.kernel("rows", "gemmJoin"))
                    .arg(parts)
                    .arg(m)
                    .arg(n)
                    .arg(alpha)
                    .arg(partials)
                    .arg(beta)
                    .arg(cs)
                    .arg(c.leading())
                    .items((long) m * n);
        }
    }

    /** Depth of a group's part: all of it, unless there are too few tiles to keep the device busy. */
    private int partDepth(Tiles.Tile tile, int m, int n, int k) {
        long groups = Math.max(1, tile.across(n) * tile.down(m));
        int steps = Math.ceilDiv(k, tile.depth());
        int parts = Math.clamp(busy / groups, 1, Math.max(1, steps / STEPS_PER_PART));
        return Math.max(1, Math.ceilDiv(steps, parts)) * tile.depth();
    }

    private static void run(Launch launch, Tiles.Tile tile, int m, int n, int batch) {
        long items = tile.items();
        launch.run(new long[] {tile.across(n) * items, tile.down(m), batch}, new long[] {items, 1, 1});
    }

    @Override
    public void linear(int rows, Memory x, Frozen w, Sink y) {
        if (y.isAbsent()) {
            return;
        }
        DeviceFrozen weight = DeviceFrozen.of(w);
        Matrix xs = Matrix.of(x, rows, w.cols());
        Matrix ys = Matrix.of(y.memory(), rows, w.rows());
        if (rows > 0 && rows <= FEW) {
            launch("fewRows", constants(true, weight) + tiles.of(rows, w.rows()).constants())
                    .arg(rows)
                    .arg(w.cols())
                    .arg(w.rows())
                    .arg(floats(xs))
                    .arg(weight.buffer())
                    .arg(weight.from())
                    .arg(y, ys.span())
                    .bands(w.rows());
        } else {
            multiply(xs, weight, true, ys, y.adds());
        }
    }

    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Sink dx) {
        if (!dx.isAbsent()) {
            Matrix dys = Matrix.of(dy, rows, w.rows());
            multiply(dys, DeviceFrozen.of(w), false, Matrix.of(dx.memory(), rows, w.cols()), dx.adds());
        }
    }

    /** {@code C (+)= A op(W)}. */
    private void multiply(Matrix a, DeviceFrozen w, boolean transposed, Matrix c, boolean accumulate) {
        product(
                constants(transposed, w),
                1,
                a,
                launch -> launch.arg(w.buffer()).arg(w.from()).arg(w.cols()),
                accumulate ? 1 : 0,
                c);
    }

    private static String constants(boolean transposed, DeviceFrozen weight) {
        return transposes(false, transposed) + " -DFROZEN " + weight.constant() + " ";
    }
}
