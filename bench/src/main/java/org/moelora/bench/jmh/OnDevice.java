package org.moelora.bench.jmh;

import java.util.Arrays;
import java.util.Random;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The device under measurement, and numbers to give it. */
@State(Scope.Benchmark)
public class OnDevice {
    @Param({"cpu-plain", "cpu-simd"})
    public String device = "";

    @Param({"1", "2"})
    public int threads;

    private Device opened = Devices.open("cpu-plain", new DeviceOptions(1, false));
    private final Random random = new Random(1);

    @Setup(Level.Trial)
    public void open() {
        opened.close();
        opened = Devices.open(device, new DeviceOptions(threads, false));
    }

    @TearDown(Level.Trial)
    public void close() {
        opened.close();
    }

    Device device() {
        return opened;
    }

    Kernels kernels() {
        return opened.kernels();
    }

    /** Numbers of the standard normal distribution; the device gives them back when it is closed. */
    Memory normal(long length) {
        float[] values = new float[Math.toIntExact(length)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Memory memory = opened.allocate(DType.F32, length, Owner.TAPE);
        opened.write(values, memory, 0);
        return memory;
    }

    /** Several spans like {@link #normal}. */
    Memory[] normals(int count, long length) {
        Memory[] spans = new Memory[count];
        Arrays.setAll(spans, i -> normal(length));
        return spans;
    }

    /** Indices in {@code 0 .. bound}. */
    Memory indices(int length, int bound) {
        int[] values = random.ints(length, 0, bound).toArray();
        Memory memory = opened.allocate(DType.I32, length, Owner.TAPE);
        opened.write(values, memory, 0);
        return memory;
    }

    /** That many of the indices {@code 0 .. bound}, ascending, all different. */
    Memory distinct(int length, int bound) {
        int[] values = random.ints(0, bound).distinct().limit(length).sorted().toArray();
        Memory memory = opened.allocate(DType.I32, length, Owner.TAPE);
        opened.write(values, memory, 0);
        return memory;
    }

    /** Counts what calls did, so that the score is a rate that compares across sizes. Adds a line of its own to the result. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Work {
        /** 10^9 floating-point operations per second; a multiply-add is two. */
        public double gigaflop;

        /** 10^9 bytes per second, of all operands together, as if none were in a cache. */
        public double gigabyte;

        /** Of a call with so many multiply-adds. */
        void multiplyAdds(double count) {
            gigaflop += 2e-9 * count;
        }

        /** Of a call that passes over so many float32. */
        void floats(double count) {
            gigabyte += 4e-9 * count;
        }
    }
}
