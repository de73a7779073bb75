package org.moelora.kernels.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Attention.Plan;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/** Tiles for devices with less local memory than the one that the other tests run on. */
class AttentionTileTest {
    private static final long CARD = 32 << 10;

    @ParameterizedTest
    @CsvSource({"1", "16", "64", "80", "96", "128", "160", "192", "256"})
    void headsOfTheUsualWidthsFitThirtyTwoKibibytes(int headDim) {
        AttentionTile tile = AttentionTile.of(headDim, 1000, new AttentionTile.Limits(CARD, CARD, 256));
        assertThat(tile.localBytes()).isLessThanOrEqualTo(CARD);
        assertThat(tile.dim()).isBetween(headDim, headDim + 15);
    }

    @Test
    void fewRowsAreNotFilledUpToALargeTile() {
        AttentionTile.Limits limits = new AttentionTile.Limits(CARD, CARD, 256);
        assertThat(AttentionTile.of(64, 3, limits).own()).isEqualTo(8);
        assertThat(AttentionTile.of(64, 9, limits).own()).isEqualTo(16);
        assertThat(AttentionTile.of(64, 17, limits).own()).isEqualTo(32);
    }

    @Test
    void aWideHeadTakesAllLocalMemoryOrIsRefused() {
        assertThat(AttentionTile.of(400, 100, new AttentionTile.Limits(48 << 10, CARD, 256))
                        .localBytes())
                .isBetween(CARD, 48L << 10);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AttentionTile.of(1000, 100, new AttentionTile.Limits(48 << 10, CARD, 256)))
                .withMessageContaining("heads of 1000")
                .withMessageContaining("49152 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AttentionTile.of(64, 100, new AttentionTile.Limits(CARD, CARD, 32)))
                .withMessageContaining("groups of 32");
    }

    /** Width, the most items of a group, groups that keep the device busy. */
    @ParameterizedTest
    @CsvSource({"64, 256, 1", "80, 256, 1", "128, 256, 100", "250, 256, 1", "64, 64, 100"})
    void everyTileComputesWhatPlainDoes(int headDim, int group, int busy) {
        Plan plan = new Plan(
                4,
                2,
                headDim,
                (float) (1 / Math.sqrt(headDim)),
                300,
                new Ragged(new int[] {0, 37, 38, 38}, new int[] {0, 40, 400}, new int[] {37, 350, 5}));
        List<float[]> expected;
        try (Device plain = Devices.open("cpu-plain", new DeviceOptions(1, true))) {
            expected = run(plain, plan, device -> device.kernels().attention());
        }
        try (OpenClDevice device = OpenClConformanceTest.open(new DeviceOptions(0, true), 64);
                Scratch scratch = new Scratch(device.commands());
                Constants constants = new Constants(device.commands())) {
            Attention attention = new OpenClAttention(
                    device.commands(),
                    device.programs(),
                    scratch,
                    constants,
                    new AttentionTile.Limits(CARD, CARD, group),
                    busy);
            List<float[]> found = run(device, plan, any -> attention);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(found.get(i)).as("result %d", i).hasSameSizeAs(expected.get(i));
                for (int e = 0; e < expected.get(i).length; e++) {
                    assertThat(found.get(i)[e]).as("result %d[%d]", i, e).isCloseTo(expected.get(i)[e], within(1e-4f));
                }
            }
        }
    }

    /** o, log sums, dq, dk and dv; key rows that no sequence owns stay zero. */
    private static List<float[]> run(Device device, Plan plan, Function<Device, Attention> family) {
        Random random = new Random(5);
        int queries = plan.rows().queries() * plan.heads() * plan.headDim();
        int keys = plan.rows().keyRows() * plan.kvHeads() * plan.headDim();
        List<Memory> all = new ArrayList<>();
        for (int length : new int[] {queries, keys, keys, queries, keys, keys}) {
            float[] values = new float[length];
            for (int i = 0; i < length && all.size() < 4; i++) {
                values[i] = (float) random.nextGaussian();
            }
            Memory memory = device.allocate(DType.F32, length, Owner.TAPE);
            device.write(values, memory, 0);
            all.add(memory);
        }
        Memory o = device.allocate(DType.F32, queries, Owner.TAPE);
        Memory sums = device.allocate(DType.F32, (long) plan.rows().queries() * plan.heads(), Owner.TAPE);
        Memory dq = device.allocate(DType.F32, queries, Owner.TAPE);
        all.addAll(List.of(o, sums, dq));
        Attention attention = family.apply(device);
        Attention.Inputs in = new Attention.Inputs(all.get(0), all.get(1), all.get(2));
        attention.forward(plan, in, o, sums);
        attention.backward(plan, in, o, sums, all.get(3), new Attention.Gradients(dq, all.get(4), all.get(5)));
        List<float[]> results = new ArrayList<>();
        for (Memory result : List.of(o, sums, dq, all.get(4), all.get(5))) {
            float[] values = new float[Math.toIntExact(result.length())];
            device.read(result, 0, values);
            results.add(values);
        }
        all.forEach(Memory::close);
        return results;
    }
}
