package org.moelora.bench.gemm;

import java.util.Arrays;
import java.util.Random;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** The engine's gemm on the factors of a {@link TrainingProduct}. */
final class EngineProduct implements Product {
    private final Device device;
    private final Memory a;
    private final Memory b;
    private final Memory c;
    private final Matrix left;
    private final Matrix right;
    private final Matrix result;

    EngineProduct(TrainingProduct.Form form, Size size, int threads) {
        device = Devices.open("cpu-simd", new DeviceOptions(threads, false));
        Random random = new Random(1);
        a = filled(random, (long) size.m() * size.k());
        b = filled(random, (long) size.k() * size.n());
        c = device.allocate(DType.F32, (long) size.m() * size.n(), Owner.TAPE);
        device.kernels().elementwise().fill(c, Float.NaN);
        left = form.left(a, size);
        right = form.right(b, size);
        result = Matrix.of(c, size.m(), size.n());
    }

    private Memory filled(Random random, long length) {
        float[] values = new float[Math.toIntExact(length)];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        Memory memory = device.allocate(DType.F32, length, Owner.TAPE);
        device.write(values, memory, 0);
        return memory;
    }

    @Override
    public void run() {
        device.kernels().matMul().gemm(1, left, right, 0, result);
    }

    /** The largest difference from sums in double, in units of what rounding may cost at most. */
    double error() {
        float[] as = read(a);
        float[] bs = read(b);
        float[] cs = read(c);
        double worst = 0;
        for (int i = 0; i < result.rows(); i++) {
            for (int j = 0; j < result.cols(); j++) {
                double sum = 0;
                double magnitude = 0;
                for (int p = 0; p < left.cols(); p++) {
                    double term = (double) as[(int) left.index(i, p)] * bs[(int) right.index(p, j)];
                    sum += term;
                    magnitude += Math.abs(term);
                }
                double bound = 0x1p-24 * (left.cols() + 1) * magnitude + 1e-30;
                double error = Math.abs(cs[(int) result.index(i, j)] - sum) / bound;
                worst = error <= worst ? worst : error; // NaN stays
            }
        }
        return worst;
    }

    private float[] read(Memory memory) {
        float[] values = new float[Math.toIntExact(memory.length())];
        Arrays.fill(values, Float.NaN);
        device.read(memory, 0, values);
        return values;
    }

    @Override
    public void close() {
        a.close();
        b.close();
        c.close();
        device.close();
    }
}
