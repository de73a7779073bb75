package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import java.util.function.UnaryOperator;
import org.jocl.cl_mem;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.device.Spans;

/** {@code matmul.cl}. */
final class OpenClMatMul extends Family implements MatMul, AutoCloseable {
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
    OpenClMatMul(Commands commands, Programs programs, Tiles tiles, int busy) {
        super("matmul", commands, programs);
        this.tiles = tiles;
        this.busy = busy;
        this.scratch = new Scratch(commands);
    }

    private static String transposes(boolean a, boolean b) {
        return "-DTA=" + (a ? 1 : 0) + " -DTB=" + (b ? 1 : 0);
    }

    private static String frozen(boolean transposed, DeviceFrozen weight) {
        return transposes(false, transposed) + " -DFROZEN " + weight.constant() + " ";
    }

    @Override
    public void gemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            Memory a,
            int lda,
            Memory b,
            int ldb,
            float beta,
            Memory c,
            int ldc) {
        DeviceMemory as = floats(a, transposeA ? Spans.matrix(k, m, lda) : Spans.matrix(m, k, lda));
        DeviceMemory bs = floats(b, transposeB ? Spans.matrix(n, k, ldb) : Spans.matrix(k, n, ldb));
        DeviceMemory cs = floats(c, Spans.matrix(m, n, ldc));
        product(
                transposes(transposeA, transposeB) + " -DFORMAT_F32 ",
                m,
                n,
                k,
                alpha,
                as,
                lda,
                launch -> launch.arg(bs).arg(ldb),
                beta,
                cs,
                ldc);
    }

    @Override
    public void gemmBatched(
            int batch,
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            Memory a,
            Memory b,
            float beta,
            Memory c) {
        DeviceMemory cs = floats(c, (long) batch * m * n);
        run(
                launch("gemm", transposes(transposeA, transposeB) + " -DFORMAT_F32 " + tiles.small())
                        .arg(m)
                        .arg(n)
                        .arg(k)
                        .arg(alpha)
                        .arg(floats(a, (long) batch * m * k))
                        .arg(transposeA ? m : k)
                        .arg((long) m * k)
                        .arg(floats(b, (long) batch * k * n))
                        .arg(transposeB ? k : n)
                        .arg((long) k * n)
                        .arg(beta)
                        .arg(cs)
                        .arg(n)
                        .arg((long) m * n)
                        .arg(1)
                        .arg(k)
                        .arg(cs.buffer()),
                tiles.smallTile(),
                m,
                n,
                batch);
    }

    /**
     * {@code C = alpha op(A) op(B) + beta C}.
     *
     * @param factor adds B and its leading dimension to the arguments
     */
    private void product(
            String constants,
            int m,
            int n,
            int k,
            float alpha,
            DeviceMemory a,
            int lda,
            UnaryOperator<Launch> factor,
            float beta,
            DeviceMemory c,
            int ldc) {
        Tiles.Tile tile = tiles.of(m, n);
        int depth = partDepth(tile, m, n, k);
        int parts = Math.max(1, Math.ceilDiv(k, depth));
        Launch launch = launch("gemm", constants + tile.constants())
                .arg(m)
                .arg(n)
                .arg(k)
                .arg(alpha)
                .arg(a)
                .arg(lda)
                .arg(0L);
        factor.apply(launch)
                .arg(0L)
                .arg(beta)
                .arg(c)
                .arg(ldc)
                .arg(0L)
                .arg(parts)
                .arg(depth);
        if (parts == 1) {
            run(launch.arg(c.buffer()), tile, m, n, 1);
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
                    .arg(c)
                    .arg(ldc)
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
    public void linear(int rows, Memory x, Frozen w, Memory y, boolean accumulate) {
        DeviceFrozen weight = DeviceFrozen.of(w);
        DeviceMemory xs = floats(x, (long) rows * w.cols());
        DeviceMemory ys = floats(y, (long) rows * w.rows());
        if (rows > 0 && rows <= FEW) {
            launch("fewRows", frozen(true, weight) + tiles.of(rows, w.rows()).constants())
                    .arg(rows)
                    .arg(w.cols())
                    .arg(w.rows())
                    .arg(xs)
                    .arg(weight.buffer())
                    .arg(weight.from())
                    .arg(ys)
                    .arg(accumulate)
                    .bands(w.rows());
        } else {
            frozen(rows, w.rows(), w.cols(), true, xs, weight, ys, accumulate);
        }
    }

    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Memory dx, boolean accumulate) {
        DeviceMemory dys = floats(dy, (long) rows * w.rows());
        DeviceMemory dxs = floats(dx, (long) rows * w.cols());
        frozen(rows, w.cols(), w.rows(), false, dys, DeviceFrozen.of(w), dxs, accumulate);
    }

    /** {@code C [m, n] (+)= A op(W)} with depth k. */
    private void frozen(
            int m,
            int n,
            int k,
            boolean transposed,
            DeviceMemory a,
            DeviceFrozen w,
            DeviceMemory c,
            boolean accumulate) {
        product(
                frozen(transposed, w),
                m,
                n,
                k,
                1,
                a,
                k,
                launch -> launch.arg(w.buffer()).arg(w.from()).arg(w.cols()),
                accumulate ? 1 : 0,
                c,
                n);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
