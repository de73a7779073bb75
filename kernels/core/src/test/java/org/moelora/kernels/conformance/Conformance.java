package org.moelora.kernels.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Sink;

/**
 * Runs one call on the plain device and on the device under test with one, two and three threads, all with poisoned memory, and compares
 * whole spans, so that an element that was missed or touched by mistake shows. The runs with different threads must agree to the bit.
 */
public abstract class Conformance {
    private static final List<Integer> THREADS = List.of(1, 2, 3);

    private final List<Device> opened = new ArrayList<>();
    private @Nullable Device plain;
    private List<Device> subjects = List.of();

    /** Numbers of the test; seeded, so every run sees the same. */
    protected final Random random = new Random(20);

    /** Opens the device under test. */
    protected abstract Device open(DeviceOptions options);

    /**
     * Opens what every case runs on, at least two: the first is compared with plain, the others with the first, to the bit. These are of one, two and
     * three threads unless a device that has no threads says otherwise.
     */
    protected List<Device> openSubjects() {
        return Stream.concat(
                        THREADS.stream().map(threads -> new DeviceOptions(threads, true)),
                        Stream.of(new DeviceOptions(2, true, true)))
                .map(options -> keep(open(options)))
                .toList();
    }

    @BeforeEach
    void openDevices() {
        plain = keep(Devices.open("cpu-plain", new DeviceOptions(1, true)));
        subjects = openSubjects();
    }

    @AfterEach
    void closeDevices() {
        opened.forEach(Device::close);
        opened.clear();
    }

    /** Closes the device after the test. */
    protected final Device keep(Device device) {
        opened.add(device);
        return device;
    }

    /** The second device under test, with two threads. */
    protected Device subject() {
        return subjects.get(1);
    }

    /** The states of a {@link Sink}. */
    protected enum SinkKind {
        ABSENT,
        FRESH,
        ADDED_TO
    }

    /** One device's view of a case: where its numbers are put and what is compared afterwards. */
    protected static final class Side {
        private final Device device;
        private final List<Memory> leases = new ArrayList<>();
        private final List<Memory> results = new ArrayList<>();

        private Side(Device device) {
            this.device = device;
        }

        public Device device() {
            return device;
        }

        public Kernels kernels() {
            return device.kernels();
        }

        /** An input. */
        public Memory of(float... values) {
            Memory memory = lease(DType.F32, values.length);
            device.write(values, memory, 0);
            return memory;
        }

        /** An input of indices. */
        public Memory of(int... values) {
            Memory memory = lease(DType.I32, values.length);
            device.write(values, memory, 0);
            return memory;
        }

        /** An output that the call must write all of. */
        public Memory out(int length) {
            return compared(lease(DType.F32, length));
        }

        /** An output of indices. */
        public Memory outInts(int length) {
            return compared(lease(DType.I32, length));
        }

        /** An output that is read, or only partly written. */
        public Memory inOut(float... values) {
            return compared(of(values));
        }

        /** An output that starts from {@code values} when accumulating, and is poisoned otherwise. */
        public Memory out(boolean accumulate, float... values) {
            return accumulate ? inOut(values) : out(values.length);
        }

        /** A gradient's place of a kind; one that is added to starts from {@code values}. */
        public Sink sink(SinkKind kind, float... values) {
            return kind == SinkKind.ABSENT ? Sink.absent() : inPlace(kind, out(kind == SinkKind.ADDED_TO, values));
        }

        /** The place of a kind that is an input, too. */
        public Sink inPlace(SinkKind kind, Memory memory) {
            return switch (kind) {
                case ABSENT -> Sink.absent();
                case FRESH -> memory;
                case ADDED_TO -> Sink.onto(memory);
            };
        }

        private Memory lease(DType dtype, int length) {
            Memory memory = device.allocate(dtype, length, Owner.TAPE);
            leases.add(memory);
            return memory;
        }

        private Memory compared(Memory memory) {
            results.add(memory);
            return memory;
        }

        private List<float[]> read() {
            List<float[]> all = new ArrayList<>();
            for (Memory memory : results) {
                if (memory.dtype() == DType.I32) {
                    int[] values = new int[Math.toIntExact(memory.length())];
                    device.read(memory, 0, values);
                    float[] same = new float[values.length];
                    for (int i = 0; i < values.length; i++) {
                        same[i] = values[i];
                    }
                    all.add(same);
                } else {
                    float[] values = new float[Math.toIntExact(memory.length())];
                    device.read(memory, 0, values);
                    all.add(values);
                }
            }
            leases.forEach(Memory::close);
            return all;
        }
    }

    /** One call of a kernel. */
    @FunctionalInterface
    protected interface Call {
        void on(Side side);
    }

    /** Runs the call everywhere and compares: elements may differ by {@code tolerance (1 + |plain|)}. */
    protected void check(String what, double tolerance, Call call) {
        List<float[]> expected = run(Objects.requireNonNull(plain), call);
        List<float[]> first = run(subjects.getFirst(), call);
        for (int r = 0; r < expected.size(); r++) {
            float[] e = expected.get(r);
            float[] a = first.get(r);
            for (int i = 0; i < e.length; i++) {
                if (!(Math.abs(a[i] - e[i]) <= tolerance * (1 + Math.abs(e[i])))) {
                    throw new AssertionError(what + ": output " + r + "[" + i + "] of " + e.length + " is " + a[i]
                            + ", plain says " + e[i] + ", tolerance " + tolerance);
                }
            }
        }
        for (Device subject : subjects.subList(1, subjects.size())) {
            List<float[]> again = run(subject, call);
            for (int r = 0; r < first.size(); r++) {
                assertThat(again.get(r))
                        .as(what + ": output " + r + " of " + subject.description() + " against the first device")
                        .isEqualTo(first.get(r));
            }
        }
    }

    private static List<float[]> run(Device device, Call call) {
        Side side = new Side(device);
        call.on(side);
        return side.read();
    }

    /** Numbers of the standard normal distribution. */
    protected float[] normal(int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Indices in {@code 0 .. bound}. */
    protected int[] indices(int length, int bound) {
        int[] values = new int[length];
        for (int i = 0; i < length; i++) {
            values[i] = random.nextInt(bound);
        }
        return values;
    }

    /** What a sum of {@code length} float32 products of about one may be off by. */
    protected static double sumTolerance(int length) {
        return 2e-6 * (1 + Math.sqrt(length));
    }
}
