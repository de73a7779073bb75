package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.cpu.Workers;
import org.moelora.kernels.device.Spans;

/** Checks the arguments and chooses the loop: {@link Product} for matrices, {@link OneRow} for a decoding step, {@link FewRows} for that of several
 * texts. */
final class SimdMatMul implements MatMul {
    private final Workers workers;
    private final Scratch.Pool pool;
    private final MatMul plain;

    SimdMatMul(Workers workers, Scratch.Pool pool, MatMul plain) {
        this.workers = workers;
        this.pool = pool;
        this.plain = plain;
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
        Source as = new Source.Leased(floats(a, transposeA ? Spans.matrix(k, m, lda) : Spans.matrix(m, k, lda)));
        Source bs = new Source.Leased(floats(b, transposeB ? Spans.matrix(n, k, ldb) : Spans.matrix(k, n, ldb)));
        MemorySegment cs = floats(c, Spans.matrix(m, n, ldc));
        new Product(transposeA, transposeB, m, n, k, alpha, as, lda, bs, ldb, null, beta, cs, ldc, pool).run(workers);
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
        long sizeA = (long) m * k;
        long sizeB = (long) k * n;
        long sizeC = (long) m * n;
        // The matrices are too small to be packed: threads share them, and each is done as plain does it.
        Ranges.run(workers, batch, 1, 2 * sizeC * k, (from, to) -> {
            long count = to - from;
            plain.gemmBatched(
                    (int) count,
                    transposeA,
                    transposeB,
                    m,
                    n,
                    k,
                    alpha,
                    a.slice(from * sizeA, count * sizeA),
                    b.slice(from * sizeB, count * sizeB),
                    beta,
                    c.slice(from * sizeC, count * sizeC));
        });
    }

    @Override
    public void linear(int rows, Memory x, Frozen w, Memory y, boolean accumulate) {
        HostFrozen host = HostFrozen.of(w);
        Source ws = Source.of(host);
        int in = w.cols();
        int out = w.rows();
        MemorySegment x0 = floats(x, (long) rows * in);
        Source xs = new Source.Leased(x0);
        MemorySegment ys = floats(y, (long) rows * out);
        if (rows == 1 && OneRow.serves(host)) {
            Scratch s = pool.take();
            try {
                new OneRow(x0, host, ys, accumulate, s).run(workers);
            } finally {
                pool.giveBack(s);
            }
        } else if (rows <= FewRows.MAX && (long) rows * in <= Scratch.INPUT) {
            Scratch s = pool.take();
            try {
                xs.read(0, rows * in, s.stage, 0, s.narrow);
                new FewRows(rows, s.stage, ws, in, out, ys, accumulate, pool).run(workers);
            } finally {
                pool.giveBack(s);
            }
        } else {
            MemorySegment packed = packed(host, true, ws);
            new Product(false, true, rows, out, in, 1, xs, in, ws, in, packed, accumulate ? 1 : 0, ys, out, pool)
                    .run(workers);
        }
    }

    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Memory dx, boolean accumulate) {
        HostFrozen host = HostFrozen.of(w);
        Source ws = Source.of(host);
        int in = w.cols();
        int out = w.rows();
        Source dys = new Source.Leased(floats(dy, (long) rows * out));
        MemorySegment dxs = floats(dx, (long) rows * in);
        MemorySegment packed = packed(host, false, ws);
        new Product(false, false, rows, in, out, 1, dys, out, ws, in, packed, accumulate ? 1 : 0, dxs, in, pool)
                .run(workers);
    }

    /** The weight as {@link Panels} of op(W) in float32, made at the first use; null if the device packs at every call. */
    private @Nullable MemorySegment packed(HostFrozen w, boolean transposed, Source source) {
        int n = transposed ? w.rows() : w.cols();
        int k = transposed ? w.cols() : w.rows();
        return w.packed(
                transposed,
                Panels.length(n, k),
                to -> Panels.packAll(workers, pool, source, w.cols(), transposed, n, k, to));
    }
}
