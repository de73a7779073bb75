package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.device.Spans;

/** {@code matmul.cl}. */
final class OpenClMatMul extends Family implements MatMul {
    /** Rows from which on tiles pay; below, decoding reads each weight once. */
    private static final int FEW = 4;

    private final Tiles tiles;

    OpenClMatMul(Commands commands, Programs programs, Tiles tiles) {
        super("matmul", commands, programs);
        this.tiles = tiles;
    }

    private static String transposes(boolean a, boolean b) {
        return "-DTA=" + (a ? 1 : 0) + " -DTB=" + (b ? 1 : 0);
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
        run(
                launch("gemm", transposes(transposeA, transposeB) + " -DFORMAT_F32 " + tiles.constants())
                        .arg(m)
                        .arg(n)
                        .arg(k)
                        .arg(alpha)
                        .arg(as)
                        .arg(lda)
                        .arg(0L)
                        .arg(bs)
                        .arg(ldb)
                        .arg(0L)
                        .arg(beta)
                        .arg(cs)
                        .arg(ldc)
                        .arg(0L),
                m,
                n,
                1);
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
                        .arg(floats(c, (long) batch * m * n))
                        .arg(n)
                        .arg((long) m * n),
                tiles.smallTile(),
                m,
                n,
                batch);
    }

    private void run(Launch launch, int m, int n, int batch) {
        run(launch, tiles.tile(), m, n, batch);
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
            launch("fewRows", transposes(false, true) + " -DFROZEN -DROWS=" + rows + " " + weight.constant())
                    .arg(w.cols())
                    .arg(w.rows())
                    .arg(xs)
                    .arg(weight.buffer())
                    .arg(weight.from())
                    .arg(ys)
                    .arg(accumulate)
                    .groups(w.rows());
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
        run(
                launch("gemm", transposes(false, transposed) + " -DFROZEN " + w.constant() + " " + tiles.constants())
                        .arg(m)
                        .arg(n)
                        .arg(k)
                        .arg(1f)
                        .arg(a)
                        .arg(k)
                        .arg(0L)
                        .arg(w.buffer())
                        .arg(w.from())
                        .arg(w.cols())
                        .arg(0L)
                        .arg(accumulate ? 1f : 0f)
                        .arg(c)
                        .arg(n)
                        .arg(0L),
                m,
                n,
                1);
    }
}
