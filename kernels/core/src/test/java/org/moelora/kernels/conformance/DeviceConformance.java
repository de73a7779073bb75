package org.moelora.kernels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/** What a device does with memory, and what it refuses. */
public abstract class DeviceConformance extends Conformance {
    private Memory floats(long length) {
        return subject().allocate(DType.F32, length, Owner.TAPE);
    }

    private float[] read(Memory memory) {
        float[] values = new float[Math.toIntExact(memory.length())];
        subject().read(memory, 0, values);
        return values;
    }

    @Test
    void writesAndReads() {
        try (Memory x = floats(5);
                Memory ids = subject().allocate(DType.I32, 3, Owner.TAPE)) {
            subject().write(new float[] {1, 2, 3, 4, 5}, x, 0);
            subject().write(new float[] {-1, -2}, x, 3);
            assertThat(read(x)).containsExactly(1, 2, 3, -1, -2);
            float[] part = new float[2];
            subject().read(x, 2, part);
            assertThat(part).containsExactly(3, -1);
            subject().write(new int[] {7, Integer.MIN_VALUE, -1}, ids, 0);
            int[] back = new int[2];
            subject().read(ids, 1, back);
            assertThat(back).containsExactly(Integer.MIN_VALUE, -1);
        }
    }

    @Test
    void transfersStayInsideTheSpan() {
        try (Memory x = floats(4)) {
            assertThatThrownBy(() -> subject().write(new float[3], x, 2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> subject().read(x, 2, new float[3])).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> subject().write(new float[1], x, -1)).isInstanceOf(RuntimeException.class);
            assertThatIllegalArgumentException().isThrownBy(() -> subject().write(new int[1], x, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> subject().read(x, 0, new int[1]));
        }
    }

    @Test
    void aSliceIsAWindowOnTheWhole() {
        try (Memory x = floats(6)) {
            subject().write(new float[] {0, 1, 2, 3, 4, 5}, x, 0);
            Memory slice = x.slice(1, 4).slice(1, 2);
            assertThat(read(slice)).containsExactly(2, 3);
            subject().kernels().elementwise().fill(slice, 9);
            assertThat(read(x)).containsExactly(0, 1, 9, 9, 4, 5);
            assertThatIllegalStateException().isThrownBy(slice::close);
            assertThatThrownBy(() -> x.slice(3, 4)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> x.slice(-1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> x.slice(2, -1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aClosedLeaseIsRefusedEverywhere() {
        Memory x = floats(4);
        Memory slice = x.slice(0, 2);
        x.close();
        x.close();
        assertThat(x.isOpen()).isFalse();
        assertThat(slice.isOpen()).isFalse();
        try (Memory y = floats(4)) { // most likely the same bytes again
            subject().kernels().elementwise().fill(y, 1);
            for (Memory closed : new Memory[] {x, slice}) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> subject().kernels().elementwise().fill(closed, 2));
                assertThatIllegalStateException().isThrownBy(() -> subject().write(new float[1], closed, 0));
                assertThatIllegalStateException().isThrownBy(() -> subject().read(closed, 0, new float[1]));
                assertThatIllegalStateException().isThrownBy(() -> closed.slice(0, 1));
            }
            assertThat(read(y)).containsOnly(1);
        }
    }

    @Test
    void leasesAreAccountedToTheirOwners() {
        assertThat(subject().memoryUse().total()).isZero();
        Memory model = subject().allocate(DType.F32, 1000, Owner.MODEL);
        Memory tape = subject().allocate(DType.BF16, 1000, Owner.TAPE);
        assertThat(subject().memoryUse().now().get(Owner.MODEL)).isBetween(4000L, 5000L);
        assertThat(subject().memoryUse().now().get(Owner.TAPE)).isBetween(2000L, 2500L);
        long both = subject().memoryUse().total();
        tape.close();
        model.close();
        assertThat(subject().memoryUse().total()).isZero();
        assertThat(subject().memoryUse().peak()).isEqualTo(both);
        subject().resetPeak();
        assertThat(subject().memoryUse().peak()).isZero();
    }

    @Test
    void whatDoesNotFitIsSaidAndTheDeviceWorksOn() {
        try (Memory kept = subject().allocate(DType.F32, 4, Owner.ADAPTER)) {
            subject().write(new float[] {1, 2, 3, 4}, kept, 0);
            MemoryUse before = subject().memoryUse();
            long length = 1L << 44;
            assertThatExceptionOfType(OutOfDeviceMemoryException.class)
                    .isThrownBy(() -> subject().allocate(DType.F32, length, Owner.CACHE))
                    .satisfies(e -> {
                        assertThat(e.owner()).isEqualTo(Owner.CACHE);
                        assertThat(e.bytes()).isEqualTo(4 * length);
                        assertThat(e.device()).isEqualTo(subject().name());
                        assertThat(e)
                                .hasMessageContaining(subject().name() + " has no memory left for " + 4 * length
                                        + " bytes of CACHE beside 64 bytes of ADAPTER")
                                .hasMessageContaining("--batch-size");
                    });
            assertThat(subject().memoryUse()).isEqualTo(before);
            try (Memory sum = subject().allocate(DType.F32, 1, Owner.TAPE)) {
                subject().kernels().rows().sum(kept, 1, sum);
                float[] found = new float[1];
                subject().read(sum, 0, found);
                assertThat(found).containsExactly(10);
            }
        }
    }

    /** What training took at its peak is the system's again when a device is trimmed; leases that are open stay as they are. */
    @Test
    void trimmingGivesBackWhatNothingIsLeasedIn() {
        Device device = subject();
        try (Memory kept = device.allocate(DType.F32, 100, Owner.ADAPTER)) {
            device.kernels().elementwise().fill(kept, 3);
            long before = device.memoryUse().reserved();
            for (int round = 0; round < 3; round++) {
                List<Memory> step = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    step.add(device.allocate(DType.F32, 2_000_000, Owner.TAPE));
                    device.kernels().elementwise().fill(step.getLast(), i);
                }
                float[] last = new float[2_000_000];
                device.read(step.getLast(), 0, last);
                assertThat(last[last.length - 1]).isEqualTo(4);
                device.trim();
                assertThat(device.memoryUse().reserved())
                        .as("while it is leased")
                        .isGreaterThan(before);
                step.forEach(Memory::close);
                long full = device.memoryUse().reserved();
                try (Device rehearsal = device.rehearsal()) {
                    rehearsal.trim();
                    assertThat(rehearsal.memoryUse().reserved()).isEqualTo(before);
                }
                assertThat(device.memoryUse().reserved()).isEqualTo(full);
                device.trim();
                assertThat(device.memoryUse().reserved()).isEqualTo(before);
            }
            float[] found = new float[100];
            device.read(kept, 0, found);
            assertThat(found).containsOnly(3);
        }
        device.trim();
        assertThat(device.memoryUse().reserved()).isZero();
    }

    @Test
    void aRehearsalAccountsAsTheDeviceWouldAndTouchesNothing() {
        try (Memory x = floats(3);
                Device rehearsal = subject().rehearsal()) {
            subject().write(new float[] {1, 2, 3}, x, 0);
            MemoryUse before = subject().memoryUse();
            assertThat(rehearsal.memoryUse()).isEqualTo(before);
            MemoryUse rehearsed = afterSomeWork(rehearsal, x);
            assertThat(rehearsed).isNotEqualTo(before);
            assertThat(subject().memoryUse()).isEqualTo(before);
            assertThat(read(x)).containsExactly(1, 2, 3);
            assertThat(afterSomeWork(subject(), x)).isEqualTo(rehearsed);
        }
    }

    private static MemoryUse afterSomeWork(Device device, Memory x) {
        try (Memory a = device.allocate(DType.F32, 100_000, Owner.TAPE);
                Memory b = device.allocate(DType.BF16, 9_000_000, Owner.CACHE)) {
            device.kernels().elementwise().fill(a.slice(10, 20).slice(1, 19), 1);
            device.kernels().elementwise().fill(x, 5);
            device.write(new float[3], x, 0);
            device.read(a, 7, new float[3]);
            assertThat(b.isOpen()).isTrue();
        }
        try (Memory c = device.allocate(DType.I32, 50, Owner.MODEL)) {
            assertThat(c.length()).isEqualTo(50);
            return device.memoryUse();
        }
    }

    @Test
    void aRehearsalReadsZerosAndRefusesWhatTheDeviceRefuses() {
        try (Device rehearsal = subject().rehearsal()) {
            Memory x = rehearsal.allocate(DType.F32, 4, Owner.TAPE);
            rehearsal.write(new float[] {1, 2, 3, 4}, x, 0);
            float[] found = {9, 9};
            rehearsal.read(x, 1, found);
            assertThat(found).containsExactly(0, 0);
            Memory slice = x.slice(1, 3);
            assertThatThrownBy(() -> slice.slice(1, 3)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatIllegalStateException().isThrownBy(slice::close);
            x.close();
            x.close();
            assertThat(slice.isOpen()).isFalse();
            assertThatIllegalStateException().isThrownBy(() -> x.slice(0, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> rehearsal.allocate(DType.F32, -1, Owner.TAPE));
            assertThat(rehearsal.memoryUse().total()).isZero();
        }
    }

    @Test
    void sizesThatCannotBeAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> floats(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> floats(Long.MAX_VALUE));
        try (Arena arena = Arena.ofConfined()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> subject().freeze(arena.allocate(23), DType.BF16, 3, 4));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> subject().freeze(arena.allocate(48), DType.I32, 3, 4));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> subject().freeze(arena.allocate(48), DType.F32, -3, -4));
        }
    }

    @Test
    void kernelsRefuseSpansThatAreShortOrOfAnotherFormat() {
        Kernels kernels = subject().kernels();
        try (Memory six = floats(6);
                Memory five = floats(5);
                Memory ids = subject().allocate(DType.I32, 6, Owner.TAPE);
                Frozen w = Weights.random(DType.F32, 3, 2, random).on(subject())) {
            Matrix a = Matrix.of(six, 2, 2);
            Matrix b = Matrix.of(six, 2, 3);
            Matrix c = Matrix.of(six, 2, 3);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.matMul().gemm(1, a, b.t(), 0, c))
                    .withMessage("[2, 2] times [3, 2]^T is no [2, 3]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.matMul().gemm(1, a, b, 0, c.columns(0, 2)));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.matMul().gemm(1, b, b.t(), 0, a.t()));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.matMul().gemmBatched(4, 1, a, a.t(), 0, c));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.matMul().gemmBatched(2, 1, a, a, 0, Matrix.of(six, 2, 2)));
            assertThatThrownBy(() -> kernels.matMul().linear(2, six, w, five))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.matMul().linearGrad(2, five, w, six))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.elementwise().add(six, five, six))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.elementwise().swiGlu(six, six, five))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.rows().softmax(2, 3, five, six))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.rows().rmsNorm(2, 3, 0, six, six, six, ids))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> kernels.tokens().gather(1, 2, six, six, five));
            Attention.Plan plan = new Attention.Plan(1, 1, 2, 1, Ragged.self(0, 3));
            assertThatThrownBy(() -> kernels.attention().forward(plan, new Attention.Inputs(six, five, six), six, six))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.optimizer().adamW(six, six, six, five, six, 1, 0, 0, 1, 0, 1))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.mixture().topK(3, 2, 1, true, six, five, six))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aWeightThatWasGivenBackIsRefused() {
        Frozen w = Weights.random(DType.BF16, 3, 2, random).on(subject());
        assertThat(w.dtype()).isEqualTo(DType.BF16);
        assertThat(w.rows()).isEqualTo(3);
        assertThat(w.cols()).isEqualTo(2);
        w.close();
        try (Memory x = floats(6);
                Memory ids = subject().allocate(DType.I32, 1, Owner.TAPE)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> subject().kernels().matMul().linear(1, x, w, x));
            assertThatIllegalStateException()
                    .isThrownBy(() -> subject().kernels().tokens().embed(1, ids, w, x));
        }
    }

    @Test
    void memoryAndWeightsOfAnotherKindOfDeviceAreRefused() {
        Memory memory = new Elsewhere();
        Frozen weight = new ElsewhereFrozen();
        try (Memory x = floats(4)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> subject().kernels().elementwise().fill(memory, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> subject().write(new float[1], memory, 0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> subject().kernels().matMul().linear(1, x, weight, x));
        }
    }

    @Test
    void aDeviceThatIsClosedWithLeasesNamesTheirOwners() {
        Device device = open(new DeviceOptions(2, true));
        Memory adapter = device.allocate(DType.F32, 1024, Owner.ADAPTER);
        device.allocate(DType.F32, 16, Owner.CACHE).close();
        assertThatIllegalStateException()
                .isThrownBy(device::close)
                .withMessageContaining("4096 bytes of ADAPTER")
                .withMessageContaining(device.name())
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("CACHE"));
        device.close();
        assertThat(adapter.isOpen()).isFalse();
        adapter.close();
    }

    @Test
    void aClosedDeviceGivesNothingMore() {
        Device device = open(new DeviceOptions(2, true));
        Memory x = device.allocate(DType.F32, 4, Owner.TAPE);
        assertThatIllegalStateException().isThrownBy(device::close);
        device.close();
        assertThatIllegalStateException().isThrownBy(() -> x.slice(0, 1)).withMessageContaining("device");
        assertThatIllegalStateException()
                .isThrownBy(() -> device.kernels().elementwise().fill(x, 1))
                .withMessageContaining("device");
        assertThatIllegalStateException().isThrownBy(() -> device.allocate(DType.F32, 1, Owner.TAPE));
        assertThatIllegalStateException().isThrownBy(() -> device.read(x, 0, new float[4]));
        x.close();
    }

    private static final class Elsewhere extends Memory {
        Elsewhere() {
            super(DType.F32, 4);
        }

        @Override
        public Memory slice(long from, long length) {
            return this;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    private static final class ElsewhereFrozen implements Frozen {
        @Override
        public DType dtype() {
            return DType.F32;
        }

        @Override
        public int rows() {
            return 2;
        }

        @Override
        public int cols() {
            return 2;
        }

        @Override
        public void close() {}
    }
}
