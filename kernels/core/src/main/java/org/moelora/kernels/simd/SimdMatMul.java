package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.cpu.Workers;

/** Checks the arguments and chooses the loop: {@link Product} for matrices, {@link OneRow} for a decoding step, {@link FewRows} for that of several
 * texts, {@link ByRow} where each must come out as alone. */
final class SimdMatMul implements MatMul {
    private final Workers workers;
    private final Pool<Scratch> pool;
    private final MatMul plain;

    SimdMatMul(Workers workers, Pool<Scratch> pool, MatMul plain) {
        this.workers = workers;
        this.pool = pool;
        this.plain = plain;
    }

    @Override
    public void product(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        new Product(alpha, Factor.of(a), Factor.of(b), null, beta, c, pool).run(workers);
    }

    @Override
    public void products(int batch, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        // The matrices are too small to be packed: threads share them, and each is done as plain does it.
        long work =
                2 * (long) c.rows() / batch * c.cols() * a.parts(0, 1, batch).cols();
        Ranges.run(workers, batch, 1, work, (from, to) -> {
            int i = (int) from;
            int n = (int) (to - from);
            plain.products(n, alpha, a.parts(i, n, batch), b.parts(i, n, batch), beta, c.parts(i, n, batch));
        });
    }

    @Override
    public void linear(int rows, Memory x, Frozen w, Sink y) {
        if (y.isAbsent()) {
            return;
        }
        HostFrozen host = HostFrozen.of(w);
        int in = w.cols();
        int out = w.rows();
        Matrix xs = Matrix.of(x, rows, in);
        Matrix ys = Matrix.of(y.memory(), rows, out);
        if (rows == 1 && OneRow.serves(host)) {
            Scratch s = pool.take();
            try {
                new OneRow(floats(xs), host, floats(ys), y.adds(), s).run(workers);
            } finally {
                pool.free(s);
            }
        } else if (rows <= FewRows.MAX && (long) rows * in <= Scratch.INPUT) {
            Scratch s = pool.take();
            try {
                Source.of(xs).read(0, rows * in, s.stage, 0, s.narrow);
                new FewRows(rows, s.stage, Source.of(host), in, out, floats(ys), y.adds(), pool).run(workers);
            } finally {
                pool.free(s);
            }
        } else {
            multiply(xs, host, true, ys, y.adds());
        }
    }

    @Override
    public void linearByRow(int rows, Memory x, Frozen w, Sink y) {
        if (y.isAbsent()) {
            return;
        }
        HostFrozen host = HostFrozen.of(w);
        int in = w.cols();
        int out = w.rows();
        if (in > Scratch.INPUT) {
            MatMul.super.linearByRow(rows, x, w, y);
            return;
        }
        boolean inPlace = OneRow.serves(host);
        int most = inPlace ? Scratch.INPUT / in : Math.min(FewRows.MAX, Scratch.INPUT / in);
        for (int from = 0; from < rows; from += most) {
            int n = Math.min(most, rows - from);
            Memory part = x.slice((long) from * in, (long) n * in);
            Sink result = y.slice((long) from * out, (long) n * out);
            if (n == 1 || !inPlace) {
                linear(n, part, w, result); // FewRows sums each row as it sums one
                continue;
            }
            Scratch s = pool.take();
            try {
                Matrix xs = Matrix.of(part, n, in);
                new ByRow(n, floats(xs), host, floats(result, (long) n * out), y.adds(), s).run(workers);
            } finally {
                pool.free(s);
            }
        }
    }

    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Sink dx) {
        if (!dx.isAbsent()) {
            Matrix dys = Matrix.of(dy, rows, w.rows());
            multiply(dys, HostFrozen.of(w), false, Matrix.of(dx.memory(), rows, w.cols()), dx.adds());
        }
    }

    /** {@code C (+)= A op(W)}; W as {@link Panels} in float32, made at the first use, unless the device packs at every call. */
    private void multiply(Matrix a, HostFrozen w, boolean transposed, Matrix c, boolean accumulate) {
        Factor stored = Factor.of(w);
        Factor b = transposed ? stored.t() : stored;
        MemorySegment packed =
                w.packed(transposed, Panels.length(b.cols(), b.rows()), to -> Panels.packAll(workers, pool, b, to));
        new Product(1, Factor.of(a), b, packed, accumulate ? 1 : 0, c, pool).run(workers);
    }
}
