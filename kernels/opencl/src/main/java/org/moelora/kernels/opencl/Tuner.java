package org.moelora.kernels.opencl;

import java.util.ArrayList;
import java.util.Arrays;
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
 * Tries tiles on a device: those of {@link Tiles#CANDIDATES} that fit, on products of some milliseconds, each as often as its best time
 * needs to show. The fastest on the whole is the one whose times have the least geometric mean.
 */
final class Tuner {
    private static final int LEAST = 128;
    private static final int MOST = 4096;
    private static final double ENOUGH_MILLIS = 4;
    private static final int TRIES = 5;
    private static final int RUN = 1 << 18;

    /**
     * A product, rows x columns x depth.
     *
     * @param transposed whether it is {@code A B^T}, otherwise {@code A B}
     */
    private record Shape(int m, int n, int k, boolean transposed) {
        double flops() {
            return 2.0 * m * n * k;
        }

        @Override
        public String toString() {
            return m + "x" + n + "x" + k + (transposed ? "" : " (A B)");
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
        while (side < MOST && millisOfSquare(side) < ENOUGH_MILLIS) {
            side *= 2;
        }
        return run(Tiles.CANDIDATES, side);
    }

    private double millisOfSquare(int side) {
        Shape square = new Shape(side, side, side, true);
        try (Operands operands = new Operands(List.of(square))) {
            return operands.millis(Tiles.usual(listed.gpu()), square);
        }
    }

    /**
     * @param side of the square product; the others are made from it
     * @throws IllegalStateException if no tile runs
     */
    Result run(List<Tiles.Tile> candidates, int side) {
        // Square, as wide as a feed-forward layer, few rows, as those of short texts, and what gradients go back
        // through.
        List<Shape> shapes = List.of(
                new Shape(side, side, side, true),
                new Shape(side, 3 * side, side, true),
                new Shape(side / 4, 2 * side, side, true),
                new Shape(side / 4, side, 2 * side, false));
        List<String> lines = new ArrayList<>();
        try (Operands operands = new Operands(shapes)) {
            return new Result(best(candidates, shapes, operands, lines), lines);
        }
    }

    /** Adds a line for each tile. */
    private Tiles.Tile best(List<Tiles.Tile> candidates, List<Shape> shapes, Operands operands, List<String> lines) {
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
                    double millis = operands.millis(tile, shape);
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
        return best;
    }

    /** Factors and a result that are large enough for each of some products: making them takes longer than a product on a fast card. */
    private final class Operands implements AutoCloseable {
        private final Memory a;
        private final Memory b;
        private final Memory c;
        private final Scratch scratch = new Scratch(device.commands());

        Operands(List<Shape> shapes) {
            a = random(shapes.stream()
                    .mapToLong(shape -> (long) shape.m * shape.k)
                    .max()
                    .orElseThrow());
            try {
                b = random(shapes.stream()
                        .mapToLong(shape -> (long) shape.n * shape.k)
                        .max()
                        .orElseThrow());
            } catch (RuntimeException | Error e) {
                a.close();
                throw e;
            }
            try {
                c = random(shapes.stream()
                        .mapToLong(shape -> (long) shape.m * shape.n)
                        .max()
                        .orElseThrow());
            } catch (RuntimeException | Error e) {
                b.close();
                a.close();
                throw e;
            }
        }

        /** The best of some times; compiling is before the first. */
        double millis(Tiles.Tile tile, Shape shape) {
            MatMul matMul = new OpenClMatMul(device.commands(), device.programs(), scratch, new Tiles(tile), 1);
            double best = Double.POSITIVE_INFINITY;
            for (int i = 0; i <= TRIES; i++) {
                device.commands().finish();
                long begin = System.nanoTime();
                matMul.gemm(
                        1,
                        Matrix.of(a, shape.m, shape.k),
                        shape.transposed ? Matrix.of(b, shape.n, shape.k).t() : Matrix.of(b, shape.k, shape.n),
                        0,
                        Matrix.of(c, shape.m, shape.n));
                device.commands().finish();
                double millis = (System.nanoTime() - begin) / 1e6;
                best = i == 0 ? best : Math.min(best, millis);
            }
            return best;
        }

        @Override
        public void close() {
            scratch.close();
            c.close();
            b.close();
            a.close();
        }
    }

    /** A run of random numbers over and over, as the time of a product does not depend on which they are. */
    private Memory random(long length) {
        float[] run = new float[(int) Math.min(length, RUN)];
        Random random = new Random(length);
        for (int i = 0; i < run.length; i++) {
            run[i] = random.nextFloat() - 0.5f;
        }
        Memory memory = device.allocate(DType.F32, length, Owner.TAPE);
        for (long at = 0; at < length; at += run.length) {
            device.write(Arrays.copyOf(run, (int) Math.min(run.length, length - at)), memory, at);
        }
        return memory;
    }
}
