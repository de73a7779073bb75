package org.moelora.kernels.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.DType;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** What {@link OpenClConformanceTest} leans on: guards and poison show a kernel that goes beside its memory, or leaves some of it out. */
class GuardTest {
    private static final DeviceOptions POISONED = new DeviceOptions(0, true);

    /** Writes one element of a buffer, wherever that is. */
    private static void poke(OpenClDevice device, DeviceMemory memory, long element) {
        device.commands()
                .fill(memory.buffer(), (memory.offset() + element) * Float.BYTES, Float.BYTES, Float.floatToIntBits(1));
    }

    @Test
    void aWriteBesideALeaseIsRefusedWhenItEnds() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 64)) {
            for (long element : new long[] {-1, -16, 5, 20}) {
                DeviceMemory five = (DeviceMemory) device.allocate(DType.F32, 5, Owner.TAPE);
                poke(device, five, element);
                assertThatIllegalStateException()
                        .isThrownBy(five::close)
                        .withMessageContaining(element < 0 ? "before" : "after")
                        .withMessageContaining("20 bytes");
            }
            DeviceMemory five = (DeviceMemory) device.allocate(DType.F32, 5, Owner.TAPE);
            for (int i = 0; i < 5; i++) {
                poke(device, five, i);
            }
            five.close();
            assertThat(device.memoryUse().total()).isZero();
        }
    }

    @Test
    void whatIsReadBesideALeaseOrBeforeItIsWrittenIsNaN() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 64)) {
            Memory lease = device.allocate(DType.F32, 3, Owner.TAPE);
            float[] found = new float[3 + 2 * 16];
            ByteBuffer bytes = Commands.bytes(found.length * Float.BYTES);
            DeviceMemory memory = (DeviceMemory) lease;
            device.commands().read(memory.buffer(), (memory.offset() - 16) * Float.BYTES, bytes);
            bytes.asFloatBuffer().get(found);
            assertThat(found).containsOnly(Float.NaN);
            lease.close();
        }
    }
}
