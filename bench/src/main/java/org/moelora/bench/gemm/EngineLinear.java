package org.moelora.bench.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** Step 12: the engine itself: a linear {@code y = x W^T} whose frozen weight is {@code W = B^T}, packed once like that of step 10. */
final class EngineLinear implements Product {
    private final Operands operands;
    private final Arena arena = Arena.ofShared();
    private final Device device;
    private final Frozen weight;
    private final Memory x;
    private final Memory y;

    EngineLinear(Operands o, int threads) {
        operands = o;
        device = Devices.open("cpu-simd", new DeviceOptions(threads, false, true));
        MemorySegment w = arena.allocate((long) o.n() * o.k() * Float.BYTES, 64);
        ValueLayout.OfFloat layout = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
        for (int j = 0; j < o.n(); j++) {
            for (int p = 0; p < o.k(); p++) {
                w.setAtIndex(layout, (long) j * o.k() + p, o.b()[p * o.n() + j]);
            }
        }
        weight = device.freeze(w, DType.F32, o.n(), o.k());
        x = device.allocate(DType.F32, o.a().length, Owner.TAPE);
        y = device.allocate(DType.F32, o.c().length, Owner.TAPE);
        device.write(o.a(), x, 0);
    }

    @Override
    public void run() {
        device.kernels().matMul().linear(operands.m(), x, weight, y);
    }

    @Override
    public void close() {
        device.read(y, 0, operands.c());
        x.close();
        y.close();
        weight.close();
        device.close();
        arena.close();
    }
}
