package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.plain.PlainRows.put;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;
import org.moelora.kernels.cpu.HostFrozen;

final class PlainMatMul implements MatMul {
    /** {@code c_ij = alpha sum_l a_il b_lj + beta c_ij} with A [m, k], B [k, n], C [m, n]. */
    @Override
    public void product(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        MemorySegment as = floats(a);
        MemorySegment bs = floats(b);
        MemorySegment cs = floats(c);
        for (int i = 0; i < c.rows(); i++) {
            for (int j = 0; j < c.cols(); j++) {
                double sum = 0;
                for (int l = 0; l < a.cols(); l++) {
                    sum += (double) get(as, a.index(i, l)) * get(bs, b.index(l, j));
                }
                long at = c.index(i, j);
                set(cs, at, (float) (alpha * sum + (beta == 0 ? 0 : (double) beta * get(cs, at))));
            }
        }
    }

    /** {@link #product} of part 0, 1, 2 ... of each. */
    @Override
    public void products(int batch, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        for (int i = 0; i < batch; i++) {
            product(alpha, a.parts(i, 1, batch), b.parts(i, 1, batch), beta, c.parts(i, 1, batch));
        }
    }

    /** {@code y_to (+)= sum_i x_ti W_oi} with x [rows, in], W [out, in], y [rows, out]. */
    @Override
    public void linear(int rows, Memory x, Frozen w, Sink y) {
        if (y.isAbsent()) {
            return;
        }
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
                put(ys, at, sum, y);
            }
        }
    }

    /** {@code dx_ti (+)= sum_o dy_to W_oi}, [rows, in]. */
    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Sink dx) {
        if (dx.isAbsent()) {
            return;
        }
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
                put(dxs, at, sum, dx);
            }
        }
    }
}
