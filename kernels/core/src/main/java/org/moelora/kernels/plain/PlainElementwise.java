package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.plain.PlainRows.put;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Philox;
import org.moelora.kernels.Sink;

final class PlainElementwise implements Elementwise {
    /** {@code x_i = value}. */
    @Override
    public void fill(Memory x, float value) {
        MemorySegment xs = floats(x, x.length());
        for (long i = 0; i < x.length(); i++) {
            set(xs, i, value);
        }
    }

    /** {@code y_i (+)= alpha x_i}; backwards {@code dx_i = alpha dy_i}. */
    @Override
    public void scale(float alpha, Memory x, Sink y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        for (long i = 0; i < x.length(); i++) {
            put(ys, i, (double) alpha * get(xs, i), y);
        }
    }

    /** {@code y_i (+)= factor_0 x_i}. */
    @Override
    public void scaleBy(Memory factor, Memory x, Sink y) {
        scale(get(floats(factor, 1), 0), x, y);
    }

    /** {@code y_i = a_i + b_i}; backwards {@code da = db = dy}. */
    @Override
    public void add(Memory a, Memory b, Memory y) {
        MemorySegment as = floats(a, y.length());
        MemorySegment bs = floats(b, y.length());
        MemorySegment ys = floats(y, a.length());
        for (long i = 0; i < y.length(); i++) {
            set(ys, i, get(as, i) + get(bs, i));
        }
    }

    /** {@code y_i (+)= a_i b_i}; backwards {@code da_i = dy_i b_i}, {@code db_i = dy_i a_i}. */
    @Override
    public void multiply(Memory a, Memory b, Sink y) {
        MemorySegment as = floats(a, y.length());
        MemorySegment bs = floats(b, y.length());
        MemorySegment ys = floats(y, a.length());
        for (long i = 0; i < y.length(); i++) {
            put(ys, i, (double) get(as, i) * get(bs, i), y);
        }
    }

    /** {@code y_i = silu(gate_i) up_i} with {@code silu(a) = a sigmoid(a)}. */
    @Override
    public void swiGlu(Memory gate, Memory up, Memory y) {
        MemorySegment gs = floats(gate, y.length());
        MemorySegment us = floats(up, y.length());
        MemorySegment ys = floats(y, gate.length());
        for (long i = 0; i < y.length(); i++) {
            double a = get(gs, i);
            set(ys, i, (float) (a * sigmoid(a) * get(us, i)));
        }
    }

    /** {@code dUp_i = dy_i silu(gate_i)}, {@code dGate_i = dy_i up_i silu'(gate_i)} with {@code silu'(a) = sigmoid(a) (1 + a (1 - sigmoid(a)))}. */
    @Override
    public void swiGluGrad(Memory gate, Memory up, Memory dy, Sink dGate, Sink dUp) {
        long n = dy.length();
        MemorySegment gs = floats(gate, n);
        MemorySegment us = floats(up, n);
        MemorySegment dys = floats(dy, n);
        MemorySegment dgs = floats(dGate, n);
        MemorySegment dus = floats(dUp, n);
        for (long i = 0; i < n; i++) {
            double a = get(gs, i);
            double sigmoid = sigmoid(a);
            double d = get(dys, i);
            put(dus, i, d * a * sigmoid, dUp);
            put(dgs, i, d * get(us, i) * sigmoid * (1 + a * (1 - sigmoid)), dGate);
        }
    }

    private static double sigmoid(double a) {
        return 1 / (1 + Math.exp(-a));
    }

    /** {@code y_i = f(x_i)}; f and its slope are defined in {@link Activation}. */
    @Override
    public void activate(Activation f, Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        for (long i = 0; i < y.length(); i++) {
            set(ys, i, (float) f.value(get(xs, i)));
        }
    }

    /** {@code dx_i = dy_i f'(x_i)}. */
    @Override
    public void activateGrad(Activation f, Memory x, Memory dy, Sink dx) {
        MemorySegment xs = floats(x, dy.length());
        MemorySegment dys = floats(dy, dy.length());
        MemorySegment dxs = floats(dx, dy.length());
        for (long i = 0; i < dy.length(); i++) {
            put(dxs, i, get(dys, i) * f.slope(get(xs, i)), dx);
        }
    }

    /** {@code y_i = 1 / (1 + exp(-x_i))}. */
    @Override
    public void sigmoid(Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        for (long i = 0; i < y.length(); i++) {
            set(ys, i, (float) (1 / (1 + Math.exp(-get(xs, i)))));
        }
    }

    /** {@code dx_i = dy_i y_i (1 - y_i)}. */
    @Override
    public void sigmoidGrad(Memory y, Memory dy, Sink dx) {
        MemorySegment ys = floats(y, dy.length());
        MemorySegment dys = floats(dy, dy.length());
        MemorySegment dxs = floats(dx, dy.length());
        for (long i = 0; i < dy.length(); i++) {
            put(dxs, i, (double) get(dys, i) * get(ys, i) * (1.0 - get(ys, i)), dx);
        }
    }

    /** {@code y_i = 1 / sqrt(x_i)}. */
    @Override
    public void rsqrt(Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        for (long i = 0; i < y.length(); i++) {
            set(ys, i, (float) (1 / Math.sqrt(get(xs, i))));
        }
    }

    /** {@code y_i (+)= keep_i x_i / (1 - rate)} with {@code keep_i = uniform_i >= rate}; backwards the same of {@code dy}. */
    @Override
    public void dropout(long key, float rate, Memory x, Sink y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        int[] words = new int[4];
        for (long i = 0; i < x.length(); i++) {
            if (i % 4 == 0) {
                Philox.block(key, i / 4, words);
            }
            float uniform = (words[(int) (i % 4)] >>> 8) * 0x1p-24f;
            put(ys, i, uniform >= rate ? get(xs, i) / (1.0 - rate) : 0, y);
        }
    }
}
