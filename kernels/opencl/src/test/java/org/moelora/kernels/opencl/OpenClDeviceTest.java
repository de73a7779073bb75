package org.moelora.kernels.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/** What only this kind of device does: a limit to its memory, indices that are seen late, one queue for all threads. */
class OpenClDeviceTest {
    private static final DeviceOptions POISONED = new DeviceOptions(0, true);

    @Test
    void whatDoesNotFitNamesItsOwnerAndTheDeviceGoesOn() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 0)) {
            assertThatThrownBy(() -> device.allocate(DType.F32, 1L << 40, Owner.MODEL))
                    .isInstanceOf(OutOfDeviceMemoryException.class)
                    .hasMessageContaining("opencl:0")
                    .hasMessageContaining((4L << 40) + " bytes of MODEL")
                    .hasMessageContaining("--batch-size")
                    .hasMessageContaining("--device cpu");
            assertThat(device.memoryUse().total()).isZero();
            try (Memory x = device.allocate(DType.F32, 4, Owner.TAPE)) {
                device.kernels().elementwise().fill(x, 3);
                float[] found = new float[4];
                device.read(x, 0, found);
                assertThat(found).containsOnly(3);
            }
        }
    }

    /** What kernels themselves copy: where sequences begin and the turns of rope, when they are new, and nothing ever back. */
    @Test
    void kernelsCopyOnlyWhereSequencesBeginAndOnlyOnce() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 0);
                Memory x = device.allocate(DType.F32, 4096, Owner.TAPE);
                Memory y = device.allocate(DType.F32, 4096, Owner.TAPE);
                Memory positions = device.allocate(DType.I32, 24, Owner.TAPE)) {
            device.kernels().elementwise().fill(x, 0.5f);
            device.write(new int[24], positions, 0);
            long[] before = device.commands().transfers();
            attendAndTurn(device.kernels(), x, y, positions);
            long[] first = device.commands().transfers();
            attendAndTurn(device.kernels(), x, y, positions);
            long[] second = device.commands().transfers();
            assertThat(first[0] - before[0]).as("uploads").isBetween(1L, 4L);
            assertThat(first[1] - before[1]).as("bytes uploaded").isLessThan(1024);
            assertThat(second[0]).as("uploads when nothing is new").isEqualTo(first[0]);
            assertThat(second[2]).as("downloads").isEqualTo(before[2]);
        }
    }

    private static void attendAndTurn(Kernels kernels, Memory x, Memory y, Memory positions) {
        Attention.Plan plan = new Attention.Plan(2, 1, 8, 0.3f, Ragged.self(0, 9, 24));
        Memory k = x.slice(0, 24 * 8);
        Memory q = x.slice(0, 24 * 16);
        Memory o = y.slice(0, 24 * 16);
        Memory logSumExp = y.slice(24 * 16, 48);
        Attention.Inputs in = new Attention.Inputs(q, k, k);
        kernels.attention().forward(plan, in, o, logSumExp);
        kernels.attention()
                .backward(
                        plan,
                        in,
                        o,
                        logSumExp,
                        q,
                        new Attention.Gradients(y.slice(500, 24 * 16), y.slice(1000, 24 * 8), y.slice(1200, 24 * 8)));
        kernels.rows().ropeTable(24, new double[] {1, 0.1, 0.01, 0.001}, positions, y.slice(2000, 24 * 8));
        kernels.rows().sum(x, 1, y.slice(3000, 1));
        kernels.optimizer().norm(x, y.slice(3001, 1));
    }

    @Test
    void anIndexOutsideItsTableIsThrownByTheNextReadAndOnce() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 64);
                Memory table = device.allocate(DType.F32, 6, Owner.TAPE);
                Memory ids = device.allocate(DType.I32, 2, Owner.TAPE);
                Memory out = device.allocate(DType.F32, 4, Owner.TAPE)) {
            Kernels kernels = device.kernels();
            kernels.elementwise().fill(table, 1);
            for (int bad : new int[] {3, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                kernels.elementwise().fill(out, 0);
                device.write(new int[] {0, bad}, ids, 0);
                kernels.tokens().gather(2, 2, ids, table, out);
                float[] found = new float[4];
                assertThatThrownBy(() -> device.read(out, 0, found)).isInstanceOf(IndexOutOfBoundsException.class);
                device.read(out, 0, found);
                assertThat(found).containsExactly(1, 1, 0, 0);
            }
        }
    }

    /** Kernels with steps that share room, each thread on its own memory. */
    private static final class Work {
        private final OpenClDevice device;
        private final List<Memory> inputs = new ArrayList<>();

        Work(OpenClDevice device, long seed) {
            this.device = device;
            Random random = new Random(seed);
            for (int length : new int[] {8 * 300, 8 * 300, 8, 64 * 64, 10_000}) {
                float[] values = new float[length];
                for (int i = 0; i < length; i++) {
                    values[i] = (float) random.nextGaussian();
                }
                Memory memory = device.allocate(DType.F32, length, Owner.TAPE);
                device.write(values, memory, 0);
                inputs.add(memory);
            }
        }

        List<Float> run(int sequence) {
            Kernels kernels = device.kernels();
            List<Float> results = new ArrayList<>();
            try (Memory o = device.allocate(DType.F32, 8, Owner.TAPE);
                    Memory sums = device.allocate(DType.F32, 1, Owner.TAPE);
                    Memory experts = device.allocate(DType.I32, 64, Owner.TAPE);
                    Memory d = device.allocate(DType.F32, 64 * 64, Owner.TAPE);
                    Memory loss = device.allocate(DType.F32, 1, Owner.TAPE);
                    Memory total = device.allocate(DType.F32, 1, Owner.TAPE)) {
                int[] expertOf = new int[64];
                for (int i = 0; i < 64; i++) {
                    expertOf[i] = i % 5;
                }
                device.write(expertOf, experts, 0);
                Ragged rows = new Ragged(new int[] {0, 1}, new int[] {0}, new int[] {200 + sequence});
                kernels.attention()
                        .forward(
                                new Attention.Plan(1, 1, 8, 0.3f, rows),
                                new Attention.Inputs(inputs.get(2), inputs.get(0), inputs.get(1)),
                                o,
                                sums);
                kernels.mixture().contrast(64, 0.5f, 1, inputs.get(3), experts, loss, d);
                kernels.rows().sum(inputs.get(4), 1, total);
                for (Memory memory : List.of(o, sums, loss, d, total)) {
                    float[] values = new float[Math.toIntExact(memory.length())];
                    device.read(memory, 0, values);
                    for (float value : values) {
                        results.add(value);
                    }
                }
            }
            return results;
        }
    }

    @Test
    void threadsOnTheirOwnMemoryDoNotDisturbEachOther() throws InterruptedException, ExecutionException {
        int threads = 3;
        int rounds = 40;
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 0);
                ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Work> works = new ArrayList<>();
            List<List<List<Float>>> alone = new ArrayList<>();
            for (int w = 0; w < threads; w++) {
                Work work = new Work(device, w);
                works.add(work);
                List<List<Float>> results = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    results.add(work.run(round));
                }
                alone.add(results);
            }
            List<Future<List<List<Float>>>> together = new ArrayList<>();
            for (Work work : works) {
                together.add(pool.submit(() -> {
                    List<List<Float>> results = new ArrayList<>();
                    for (int round = 0; round < rounds; round++) {
                        results.add(work.run(round));
                    }
                    return results;
                }));
            }
            for (int w = 0; w < threads; w++) {
                assertThat(together.get(w).get()).isEqualTo(alone.get(w));
                works.get(w).inputs.forEach(Memory::close);
            }
        }
    }
}
