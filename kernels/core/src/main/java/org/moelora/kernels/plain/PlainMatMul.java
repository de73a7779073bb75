package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.device.Spans;

final class PlainMatMul implements MatMul {
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
        MemorySegment as = floats(a, transposeA ? Spans.matrix(k, m, lda) : Spans.matrix(m, k, lda));
        MemorySegment bs = floats(b, transposeB ? Spans.matrix(n, k, ldb) : Spans.matrix(k, n, ldb));
        MemorySegment cs = floats(c, Spans.matrix(m, n, ldc));
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    float left = get(as, transposeA ? (long) l * lda + i : (long) i * lda + l);
                    float right = get(bs, transposeB ? (long) j * ldb + l : (long) l * ldb + j);
                    sum += (double) left * right;
                }
                long at = (long) i * ldc + j;
                set(cs, at, (float) (alpha * sum + (beta == 0 ? 0 : (double) beta * get(cs, at))));
            }
        }
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
        for (int i = 0; i < batch; i++) {
            gemm(
                    transposeA,
                    transposeB,
                    m,
                    n,
                    k,
                    alpha,
                    a.slice((long) i * m * k, (long) m * k),
                    transposeA ? m : k,
                    b.slice((long) i * k * n, (long) k * n),
                    transposeB ? k : n,
                    beta,
                    c.slice((long) i * m * n, (long) m * n),
                    n);
        }
    }

    @Override
    public void linear(int rows, Memory x, Frozen w, Memory y, boolean accumulate) {
        HostFrozen frozen = HostFrozen.of(w);
        MemorySegment ws = frozen.segment();
        DType dtype = w.dtype();
        int in = w.cols();
        int out = w.rows();
        MemorySegment xs = floats(x, (long) rows * in);
        MemorySegment ys = floats(y, (long) rows * out);
        for (int t = 0; t < rows; t++) {
            for (int o = 0; o < out; o++) {
                double sum = 0;
                for (int i = 0; i < in; i++) {
                    sum += (double) get(xs, (long) t * in + i) * HostFrozen.get(ws, dtype, (long) o * in + i);
                }
                long at = (long) t * out + o;
                set(ys, at, (float) (accumulate ? get(ys, at) + sum : sum));
            }
        }
    }

    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Memory dx, boolean accumulate) {
        HostFrozen frozen = HostFrozen.of(w);
        MemorySegment ws = frozen.segment();
        DType dtype = w.dtype();
        int in = w.cols();
        int out = w.rows();
        MemorySegment dys = floats(dy, (long) rows * out);
        MemorySegment dxs = floats(dx, (long) rows * in);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < in; i++) {
                double sum = 0;
                for (int o = 0; o < out; o++) {
                    sum += (double) get(dys, (long) t * out + o) * HostFrozen.get(ws, dtype, (long) o * in + i);
                }
                long at = (long) t * in + i;
                set(dxs, at, (float) (accumulate ? get(dxs, at) + sum : sum));
            }
        }
    }
}
