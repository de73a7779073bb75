package org.moelora.kernels.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** A card's tile, those for low rank, and depth that is dealt out compute what plain does; {@link OpenClConformanceTest} has the tile of a processor. */
class TilesTest {
    /** Rows, columns, depth: across tiles, of low rank on either side, deep with few tiles, nothing deep; then all of them multiples of four. */
    private static final int[][] SHAPES = {
        {130, 70, 33},
        {200, 32, 300},
        {32, 129, 257},
        {40, 37, 1000},
        {40, 50, 0},
        {132, 68, 36},
        {200, 32, 20},
        {32, 132, 1000}
    };

    private static Memory normal(Device device, long length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[Math.toIntExact(length)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Memory memory = device.allocate(DType.F32, length, Owner.TAPE);
        device.write(values, memory, 0);
        return memory;
    }

    private static List<float[]> run(Device device, MatMul matMul) {
        List<float[]> results = new ArrayList<>();
        for (int[] shape : SHAPES) {
            int m = shape[0];
            int n = shape[1];
            int k = shape[2];
            try (Memory a = normal(device, (long) m * k, 1);
                    Memory b = normal(device, (long) n * k, 2);
                    Memory c = normal(device, (long) m * n, 3)) {
                List<Matrix> left =
                        List.of(Matrix.of(a, m, k), Matrix.of(a, k, m).t());
                List<Matrix> right =
                        List.of(Matrix.of(b, k, n), Matrix.of(b, n, k).t());
                for (Matrix l : left) {
                    for (Matrix r : right) {
                        matMul.gemm(0.5f, l, r, 2, Matrix.of(c, m, n));
                        float[] found = new float[m * n];
                        device.read(c, 0, found);
                        results.add(found);
                    }
                }
            }
        }
        return results;
    }

    @Test
    void tilesThatThisDeviceDoesNotTakeComputeWhatPlainDoes() {
        List<float[]> expected;
        try (Device plain = Devices.open("cpu-plain", new DeviceOptions(1, true))) {
            expected = run(plain, plain.kernels().matMul());
        }
        try (OpenClDevice device = OpenClConformanceTest.open(new DeviceOptions(0, true), 64)) {
            Tiles tiles = Tiles.withNarrow(Tiles.usual(true));
            for (int busy : new int[] {1, 10_000}) {
                try (Scratch scratch = new Scratch(device.commands())) {
                    MatMul matMul = new OpenClMatMul(device.commands(), device.programs(), scratch, tiles, busy);
                    List<float[]> found = run(device, matMul);
                    for (int i = 0; i < expected.size(); i++) {
                        assertThat(found.get(i)).as("product %d", i).containsExactly(expected.get(i), within(2e-4f));
                    }
                }
            }
        }
    }

    @Test
    void productsOfLowRankHaveTilesOfTheirOwn() {
        Tiles tiles = Tiles.withNarrow(new Tiles.Tile(128, 128, 16, 8, 8));
        assertThat(tiles.of(1024, 576).text()).isEqualTo("128x128x16 8x8");
        assertThat(tiles.of(1024, 32).text()).isEqualTo("128x32x16 4x4");
        assertThat(tiles.of(32, 576).text()).isEqualTo("32x128x16 4x4");
        assertThat(tiles.of(32, 32).text()).isEqualTo("128x128x16 8x8");
    }
}
