package org.moelora.bench.products;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.moelora.bench.contest.Performer;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * This engine's linear on a frozen float32 weight, and its gemm on factors that are not. Arguments: threads, and {@code packing} to have the weight
 * packed in each call, {@code prepacked} to have it packed once, or {@code gemm}.
 */
public final class OurProduct implements Product {
    private final Device device;
    private final boolean gemm;
    private final List<AutoCloseable> held = new ArrayList<>();
    private int rows;
    private int out;
    private Memory[] operands = {};
    private Frozen[] weight = {};
    private Matrix[] factors = {};

    OurProduct(int threads, boolean prepack, boolean gemm) {
        this.gemm = gemm;
        device = Devices.open(new DeviceOptions(threads, false, prepack));
    }

    public static void main(String[] args) {
        Performer.serve(() -> new ProductPerformer(
                new OurProduct(Integer.parseInt(args[0]), args[1].equals("prepacked"), args[1].equals("gemm"))));
    }

    @Override
    public String version() {
        return device.description();
    }

    @Override
    public void prepare(int rows, int out, int in, float[] x, float[] w) {
        release();
        this.rows = rows;
        this.out = out;
        Memory input = device.allocate(DType.F32, x.length, Owner.TAPE);
        Memory output = device.allocate(DType.F32, (long) rows * out, Owner.TAPE);
        device.write(x, input, 0);
        MemorySegment bytes = Arena.ofAuto().allocate((long) w.length * Float.BYTES, 64);
        MemorySegment.copy(w, 0, bytes, ValueLayout.JAVA_FLOAT, 0, w.length);
        Frozen frozen = device.freeze(bytes, DType.F32, out, in);
        operands = new Memory[] {input, output};
        weight = new Frozen[] {frozen};
        held.addAll(List.of(frozen, input, output));
    }

    /** Of gemm every form, of a frozen weight the one that it has. */
    @Override
    public void prepare(Form form, int rows, int out, int in, float[] x, float[] w) {
        if (!gemm) {
            Product.super.prepare(form, rows, out, in, x, w);
            return;
        }
        release();
        this.rows = rows;
        this.out = out;
        Memory left = device.allocate(DType.F32, x.length, Owner.TAPE);
        Memory right = device.allocate(DType.F32, w.length, Owner.TAPE);
        Memory output = device.allocate(DType.F32, (long) rows * out, Owner.TAPE);
        device.write(x, left, 0);
        device.write(w, right, 0);
        operands = new Memory[] {left, output};
        factors = new Matrix[] {
            form == Form.XTW ? Matrix.of(left, in, rows).t() : Matrix.of(left, rows, in),
            form == Form.XWT ? Matrix.of(right, out, in).t() : Matrix.of(right, in, out),
            Matrix.of(output, rows, out)
        };
        held.addAll(List.of(left, right, output));
    }

    private void release() {
        for (AutoCloseable thing : held) {
            try {
                thing.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing " + thing, e);
            }
        }
        held.clear();
    }

    @Override
    public void multiply() {
        if (gemm) {
            device.kernels().matMul().gemm(1, factors[0], factors[1], 0, factors[2]);
            return;
        }
        device.kernels().matMul().linear(rows, operands[0], weight[0], operands[1]);
    }

    @Override
    public float get(int row, int col) {
        float[] one = new float[1];
        device.read(operands[1], (long) row * out + col, one);
        return one[0];
    }
}
