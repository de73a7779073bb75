package org.moelora.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * A vector that leaves its method, or a method beyond C2's budget, shows as garbage long before it shows in a result: 10 MB per
 * product of this size where it should be a few objects.
 */
class MatMulAllocationTest {
    private static final int CALLS_UNTIL_COMPILED = 20_000;

    @Test
    void aCompiledProductMakesNoGarbage() throws ReflectiveOperationException {
        int n = 64;
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(1, false));
                Memory a = device.allocate(DType.F32, (long) n * n, Owner.TAPE);
                Memory b = device.allocate(DType.F32, (long) n * n, Owner.TAPE);
                Memory c = device.allocate(DType.F32, (long) n * n, Owner.TAPE)) {
            device.kernels().elementwise().fill(a, 1);
            device.kernels().elementwise().fill(b, 1);
            MatMul matMul = device.kernels().matMul();
            for (boolean transposed : new boolean[] {false, true}) {
                long bytes = Long.MAX_VALUE;
                for (int call = 0; call < CALLS_UNTIL_COMPILED && bytes > 2048; call++) {
                    long before = allocatedBytes();
                    matMul.gemm(transposed, !transposed, n, n, n, 1, a, n, b, n, 0, c, n);
                    bytes = allocatedBytes() - before;
                }
                assertThat(bytes).as("bytes allocated by one product").isLessThanOrEqualTo(2048);
            }
        }
    }

    /** By reflection, since the kernels' module must not require a module for its tests' sake. */
    private static long allocatedBytes() throws ReflectiveOperationException {
        Object bean = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        Method method = Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
        return (long) method.invoke(bean);
    }
}
