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
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * This engine's linear on a frozen float32 weight. Arguments: threads, and {@code packing} to have the weight packed in each call or {@code
 * prepacked} to have it packed once.
 */
public final class OurProduct implements Product {
    private final Device device;
    private final List<AutoCloseable> held = new ArrayList<>();
    private int rows;
    private int out;
    private Memory[] operands = {};
    private Frozen[] weight = {};

    private OurProduct(int threads, boolean prepack) {
        device = Devices.open(new DeviceOptions(threads, false, prepack));
    }

    public static void main(String[] args) {
        Performer.serve(
                () -> new ProductPerformer(new OurProduct(Integer.parseInt(args[0]), args[1].equals("prepacked"))));
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
        device.kernels().matMul().linear(rows, operands[0], weight[0], operands[1]);
    }

    @Override
    public float get(int row, int col) {
        float[] one = new float[1];
        device.read(operands[1], (long) row * out + col, one);
        return one[0];
    }
}
