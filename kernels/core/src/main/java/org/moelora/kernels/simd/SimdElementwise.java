package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Philox;
import org.moelora.kernels.Sink;
import org.moelora.kernels.cpu.Workers;

final class SimdElementwise implements Elementwise {
    /** Passes over an element that one exponential, or a quarter of a random block, takes. */
    private static final int COSTLY = 8;

    private final Workers workers;

    SimdElementwise(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void fill(Memory x, float value) {
        MemorySegment xs = floats(x, x.length());
        Ranges.run(workers, x.length(), COUNT, 1, (from, to) -> {
            FloatVector v = FloatVector.broadcast(FLOATS, value);
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                v.intoMemorySegment(xs, i * Float.BYTES, ORDER);
            }
            for (; i < to; i++) {
                set(xs, i, value);
            }
        });
    }

    @Override
    public void scale(float alpha, Memory x, Sink y) {
        boolean accumulate = y.adds();
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        Ranges.run(workers, y, x.length(), COUNT, 1, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector v =
                        FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER).mul(alpha);
                if (accumulate) {
                    v = v.add(FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER));
                }
                v.intoMemorySegment(ys, at, ORDER);
            }
            for (; i < to; i++) {
                set(ys, i, alpha * get(xs, i) + (accumulate ? get(ys, i) : 0));
            }
        });
    }

    @Override
    public void scaleBy(Memory factor, Memory x, Sink y) {
        scale(get(floats(factor, 1), 0), x, y);
    }

    @Override
    public void add(Memory a, Memory b, Memory y) {
        MemorySegment as = floats(a, y.length());
        MemorySegment bs = floats(b, y.length());
        MemorySegment ys = floats(y, a.length());
        Ranges.run(workers, y.length(), COUNT, 1, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector.fromMemorySegment(FLOATS, as, at, ORDER)
                        .add(FloatVector.fromMemorySegment(FLOATS, bs, at, ORDER))
                        .intoMemorySegment(ys, at, ORDER);
            }
            for (; i < to; i++) {
                set(ys, i, get(as, i) + get(bs, i));
            }
        });
    }

    @Override
    public void multiply(Memory a, Memory b, Sink y) {
        boolean accumulate = y.adds();
        MemorySegment as = floats(a, y.length());
        MemorySegment bs = floats(b, y.length());
        MemorySegment ys = floats(y, a.length());
        Ranges.run(workers, y, y.length(), COUNT, 1, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector v = FloatVector.fromMemorySegment(FLOATS, as, at, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, bs, at, ORDER));
                if (accumulate) {
                    v = v.add(FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER));
                }
                v.intoMemorySegment(ys, at, ORDER);
            }
            for (; i < to; i++) {
                set(ys, i, get(as, i) * get(bs, i) + (accumulate ? get(ys, i) : 0));
            }
        });
    }

    @Override
    public void swiGlu(Memory gate, Memory up, Memory y) {
        MemorySegment gs = floats(gate, y.length());
        MemorySegment us = floats(up, y.length());
        MemorySegment ys = floats(y, gate.length());
        Ranges.run(workers, y.length(), COUNT, COSTLY, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector a = FloatVector.fromMemorySegment(FLOATS, gs, at, ORDER);
                FloatVector u = FloatVector.fromMemorySegment(FLOATS, us, at, ORDER);
                a.mul(Exp.sigmoid(a)).mul(u).intoMemorySegment(ys, at, ORDER);
            }
            if (i < to) { // in lanes too, so that a row has the same bits wherever it stands
                long at = i * Float.BYTES;
                VectorMask<Float> rest = FLOATS.indexInRange(i, to);
                FloatVector a = FloatVector.fromMemorySegment(FLOATS, gs, at, ORDER, rest);
                FloatVector u = FloatVector.fromMemorySegment(FLOATS, us, at, ORDER, rest);
                a.mul(Exp.sigmoid(a)).mul(u).intoMemorySegment(ys, at, ORDER, rest);
            }
        });
    }

    @Override
    public void swiGluGrad(Memory gate, Memory up, Memory dy, Sink dGate, Sink dUp) {
        boolean accumulateGate = dGate.adds();
        boolean accumulateUp = dUp.adds();
        long n = dy.length();
        MemorySegment gs = floats(gate, n);
        MemorySegment us = floats(up, n);
        MemorySegment dys = floats(dy, n);
        MemorySegment dgs = floats(dGate, n);
        MemorySegment dus = floats(dUp, n);
        boolean toGates = !dGate.isAbsent();
        boolean toUps = !dUp.isAbsent();
        Ranges.run(workers, n, COUNT, COSTLY, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector a = FloatVector.fromMemorySegment(FLOATS, gs, at, ORDER);
                FloatVector u = FloatVector.fromMemorySegment(FLOATS, us, at, ORDER);
                FloatVector d = FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER);
                FloatVector s = Exp.sigmoid(a);
                FloatVector ds = d.mul(s);
                FloatVector toUp = ds.mul(a);
                FloatVector rest = FloatVector.broadcast(FLOATS, 1f).sub(s);
                FloatVector toGate = ds.mul(u).mul(a.fma(rest, FloatVector.broadcast(FLOATS, 1f)));
                if (accumulateUp) {
                    toUp = toUp.add(FloatVector.fromMemorySegment(FLOATS, dus, at, ORDER));
                }
                if (toUps) {
                    toUp.intoMemorySegment(dus, at, ORDER);
                }
                if (accumulateGate) {
                    toGate = toGate.add(FloatVector.fromMemorySegment(FLOATS, dgs, at, ORDER));
                }
                if (toGates) {
                    toGate.intoMemorySegment(dgs, at, ORDER);
                }
            }
            for (; i < to; i++) {
                float a = get(gs, i);
                float s = sigmoid(a);
                float d = get(dys, i);
                float toGate = d * get(us, i) * s * (1 + a * (1 - s));
                if (toUps) {
                    set(dus, i, d * a * s + (accumulateUp ? get(dus, i) : 0));
                }
                if (toGates) {
                    set(dgs, i, toGate + (accumulateGate ? get(dgs, i) : 0));
                }
            }
        });
    }

    private static float sigmoid(float a) {
        return (float) (1 / (1 + Math.exp(-a)));
    }

    @Override
    public void activate(Activation f, Memory x, Memory y) {
        switch (f) {
            case GELU -> gelu(x, y);
            case SQUARED_RELU -> squaredRelu(x, y);
        }
    }

    @Override
    public void activateGrad(Activation f, Memory x, Memory dy, Sink dx) {
        switch (f) {
            case GELU -> geluGrad(x, dy, dx);
            case SQUARED_RELU -> squaredReluGrad(x, dy, dx);
        }
    }

    private static final float GELU_SCALE = (float) Math.sqrt(2 / Math.PI);
    private static final float GELU_CUBE = 0.044715f;

    /** From here on GELU is x, or 0 on the other side; what is multiplied to tell its slope would leave float32 further out. */
    private static final float GELU_FLAT = 32;

    /** With {@code (1 + tanh z) / 2 = sigmoid(2 z)}, which loses nothing near zero. */
    private void gelu(Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        Ranges.run(workers, y.length(), COUNT, COSTLY, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector v = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER);
                FloatVector twice = v.mul(v).mul(GELU_CUBE).add(1f).mul(v).mul(2 * GELU_SCALE);
                v.mul(Exp.sigmoid(twice)).intoMemorySegment(ys, at, ORDER);
            }
            if (i < to) {
                long at = i * Float.BYTES;
                VectorMask<Float> rest = FLOATS.indexInRange(i, to);
                FloatVector v = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER, rest);
                FloatVector twice = v.mul(v).mul(GELU_CUBE).add(1f).mul(v).mul(2 * GELU_SCALE);
                v.mul(Exp.sigmoid(twice)).intoMemorySegment(ys, at, ORDER, rest);
            }
        });
    }

    /** With s the sigmoid of {@code 2 z}: {@code dx (+)= dy (s + 2 x s (1 - s) z')}. */
    private void geluGrad(Memory x, Memory dy, Sink dx) {
        boolean accumulate = dx.adds();
        long n = dy.length();
        MemorySegment xs = floats(x, n);
        MemorySegment dys = floats(dy, n);
        MemorySegment dxs = floats(dx, n);
        Ranges.run(workers, dx, n, COUNT, COSTLY, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector v = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER)
                        .max(-GELU_FLAT)
                        .min(GELU_FLAT);
                FloatVector square = v.mul(v).mul(GELU_CUBE);
                FloatVector s = Exp.sigmoid(square.add(1f).mul(v).mul(2 * GELU_SCALE));
                FloatVector bend =
                        FloatVector.broadcast(FLOATS, 1f).sub(s).mul(s).mul(v);
                FloatVector slope = square.mul(3f).add(1f).mul(2 * GELU_SCALE);
                FloatVector d =
                        FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER).mul(bend.fma(slope, s));
                if (accumulate) {
                    d = d.add(FloatVector.fromMemorySegment(FLOATS, dxs, at, ORDER));
                }
                d.intoMemorySegment(dxs, at, ORDER);
            }
            for (; i < to; i++) {
                float v = Math.clamp(get(xs, i), -GELU_FLAT, GELU_FLAT);
                float square = GELU_CUBE * v * v;
                float s = sigmoid(2 * GELU_SCALE * v * (1 + square));
                float d = get(dys, i) * (s + v * s * (1 - s) * 2 * GELU_SCALE * (1 + 3 * square));
                set(dxs, i, d + (accumulate ? get(dxs, i) : 0));
            }
        });
    }

    private void squaredRelu(Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        Ranges.run(workers, y.length(), COUNT, 1, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector v =
                        FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER).max(0);
                v.mul(v).intoMemorySegment(ys, at, ORDER);
            }
            for (; i < to; i++) {
                float v = Math.max(get(xs, i), 0);
                set(ys, i, v * v);
            }
        });
    }

    private void squaredReluGrad(Memory x, Memory dy, Sink dx) {
        boolean accumulate = dx.adds();
        long n = dy.length();
        MemorySegment xs = floats(x, n);
        MemorySegment dys = floats(dy, n);
        MemorySegment dxs = floats(dx, n);
        Ranges.run(workers, dx, n, COUNT, 1, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector d = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER)
                        .max(0)
                        .mul(FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER))
                        .mul(2);
                if (accumulate) {
                    d = d.add(FloatVector.fromMemorySegment(FLOATS, dxs, at, ORDER));
                }
                d.intoMemorySegment(dxs, at, ORDER);
            }
            for (; i < to; i++) {
                float d = Math.max(get(xs, i), 0) * get(dys, i) * 2;
                set(dxs, i, d + (accumulate ? get(dxs, i) : 0));
            }
        });
    }

    @Override
    public void sigmoid(Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        Ranges.run(workers, y.length(), COUNT, COSTLY, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                Exp.sigmoid(FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER))
                        .intoMemorySegment(ys, at, ORDER);
            }
            for (; i < to; i++) {
                set(ys, i, sigmoid(get(xs, i)));
            }
        });
    }

    @Override
    public void sigmoidGrad(Memory y, Memory dy, Sink dx) {
        boolean accumulate = dx.adds();
        long n = dy.length();
        MemorySegment ys = floats(y, n);
        MemorySegment dys = floats(dy, n);
        MemorySegment dxs = floats(dx, n);
        Ranges.run(workers, dx, n, COUNT, 1, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector v = FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER);
                FloatVector d = FloatVector.broadcast(FLOATS, 1f)
                        .sub(v)
                        .mul(v)
                        .mul(FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER));
                if (accumulate) {
                    d = d.add(FloatVector.fromMemorySegment(FLOATS, dxs, at, ORDER));
                }
                d.intoMemorySegment(dxs, at, ORDER);
            }
            for (; i < to; i++) {
                float v = get(ys, i);
                set(dxs, i, (1 - v) * v * get(dys, i) + (accumulate ? get(dxs, i) : 0));
            }
        });
    }

    @Override
    public void rsqrt(Memory x, Memory y) {
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        Ranges.run(workers, y.length(), COUNT, 2, (from, to) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                long at = i * Float.BYTES;
                FloatVector.broadcast(FLOATS, 1f)
                        .div(FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER)
                                .sqrt())
                        .intoMemorySegment(ys, at, ORDER);
            }
            for (; i < to; i++) {
                set(ys, i, (float) (1 / Math.sqrt(get(xs, i))));
            }
        });
    }

    @Override
    public void dropout(long key, float rate, Memory x, Sink y) {
        boolean accumulate = y.adds();
        MemorySegment xs = floats(x, y.length());
        MemorySegment ys = floats(y, x.length());
        float kept = (float) (1 / (1.0 - rate));
        Ranges.run(workers, y, x.length(), 4, COSTLY, (from, to) -> {
            int[] words = new int[4];
            for (long block = from; block < to; block += 4) {
                Philox.block(key, block / 4, words);
                for (long i = block; i < Math.min(to, block + 4); i++) {
                    float uniform = (words[(int) (i - block)] >>> 8) * 0x1p-24f;
                    float value = uniform >= rate ? get(xs, i) * kept : 0;
                    set(ys, i, value + (accumulate ? get(ys, i) : 0));
                }
            }
        });
    }
}
