package org.moelora.kernels.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;

/**
 * Tries tiles on a device: those of {@link Tiles#CANDIDATES} that fit, on products {@code A B^T} of some milliseconds, each as often as its best time
 * needs to show. The fastest on the whole is the one whose times have the least geometric mean.
 */
final class Tuner {
    private static final int LEAST = 128;
    private static final int MOST = 4096;
    private static final double ENOUGH_MILLIS = 4;
    private static final int TRIES = 5;

    /** A product, rows x columns x depth. */
    private record Shape(int m, int n, int k) {
        double flops() {
            return 2.0 * m * n * k;
        }

        @Override
        public String toString() {
            return m + "x" + n + "x" + k;
        }
    }

    private final OpenClDevice device;
    private final Platforms.Listed listed;

    Tuner(OpenClDevice device, Platforms.Listed listed) {
        this.device = device;
        this.listed = listed;
    }

    /**
     * What was measured.
     *
     * @param best the tile to keep
     * @param lines for each tile its rates
     */
    record Result(Tiles.Tile best, List<String> lines) {}

    /** All candidates, on products that take some milliseconds. */
    Result run() {
        int side = LEAST;
        while (side < MOST && millis(Tiles.usual(listed.gpu()), new Shape(side, side, side)) < ENOUGH_MILLIS) {
            side *= 2;
        }
        return run(Tiles.CANDIDATES, side);
    }

    /**
     * @param side of the square product; the others are made from it
     * @throws IllegalStateException if no tile runs
     */
    Result run(List<Tiles.Tile> candidates, int side) {
        // Square, as wide as a feed-forward layer, and few rows, as those of short texts.
        List<Shape> shapes = List.of(
                new Shape(side, side, side), new Shape(side, 3 * side, side), new Shape(side / 4, 2 * side, side));
        List<String> lines = new ArrayList<>();
        lines.add("GFLOP/s of products " + shapes);
        Tiles.@Nullable Tile best = null;
        double least = Double.POSITIVE_INFINITY;
        for (Tiles.Tile tile : candidates) {
            if (!tile.fits(listed)) {
                lines.add(tile.text() + ": needs " + tile.localBytes() + " bytes of local memory and groups of "
                        + tile.items());
                continue;
            }
            double sum = 0;
            StringBuilder rates = new StringBuilder();
            try {
                for (Shape shape : shapes) {
                    double millis = millis(tile, shape);
                    sum += Math.log(millis);
                    rates.append(String.format(Locale.ROOT, " %.1f", shape.flops() / millis / 1e6));
                }
            } catch (IllegalStateException
                    | OutOfDeviceMemoryException e) { // more registers than there are: only the attempt shows it
                lines.add(tile.text() + ": does not run: " + e.getMessage());
                continue;
            }
            lines.add(tile.text() + ":" + rates);
            if (sum < least) {
                least = sum;
                best = tile;
            }
        }
        if (best == null) {
            throw new IllegalStateException("no tile runs on " + device.name());
        }
        return new Result(best, lines);
    }

    /** The best of some times; compiling is before the first. */
    private double millis(Tiles.Tile tile, Shape shape) {
        try (Scratch scratch = new Scratch(device.commands());
                Memory a = normal((long) shape.m * shape.k);
                Memory b = normal((long) shape.n * shape.k);
                Memory c = device.allocate(DType.F32, (long) shape.m * shape.n, Owner.TAPE)) {
            MatMul matMul = new OpenClMatMul(device.commands(), device.programs(), scratch, new Tiles(tile), 1);
            double best = Double.POSITIVE_INFINITY;
            for (int i = 0; i <= TRIES; i++) {
                device.commands().finish();
                long begin = System.nanoTime();
                matMul.gemm(
                        1,
                        Matrix.of(a, shape.m, shape.k),
                        Matrix.of(b, shape.n, shape.k).t(),
                        0,
                        Matrix.of(c, shape.m, shape.n));
                device.commands().finish();
                double millis = (System.nanoTime() - begin) / 1e6;
                best = i == 0 ? best : Math.min(best, millis);
            }
            return best;
        }
    }

    private Memory normal(long length) {
        float[] values = new float[Math.toIntExact(length)];
        Random random = new Random(length);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Memory memory = device.allocate(DType.F32, length, Owner.TAPE);
        device.write(values, memory, 0);
        return memory;
    }
}
