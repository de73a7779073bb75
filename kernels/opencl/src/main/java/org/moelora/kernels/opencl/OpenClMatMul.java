package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jocl.cl_mem;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/** {@code matmul.cl}. */
final class OpenClMatMul extends Family implements MatMul {
    /** Rows up to which each weight is read once and tiles do not pay: MOST_ROWS of the kernel. */
    private static final int FEW = 4;

    /** Steps in depth that are worth a group of their own. */
    private static final int STEPS_PER_PART = 4;

    private final Tiles tiles;
    private final long busy;
    private final Scratch scratch;
    private final Map<Form, Kernel> products = new ConcurrentHashMap<>();

    /**
     * A kernel {@code gemm} with its constants.
     *
     * @param foursOfA as {@link #inFours}
     * @param format of B, a constant
     */
    private record Form(
            Tiles.Tile tile,
            boolean transposedA,
            boolean foursOfA,
            boolean transposedB,
            boolean foursOfB,
            String format) {
        Form(Tiles.Tile tile, Matrix a, Factor b) {
            this(tile, a.transposed(), inFours(a), b.transposed, b.fours, b.format);
        }

        String constants() {
            return transposes(transposedA, transposedB) + " " + format + " " + tile.constants(foursOfA, foursOfB);
        }
    }

    /** Kept here, as to look for it among all programs takes as long as a product of few numbers. */
    private Launch gemm(Form form) {
        return new Launch(
                commands, products.computeIfAbsent(form, key -> programs.kernel("matmul", "gemm", key.constants())));
    }

    private Launch fewRows(DeviceFrozen weight) {
        return launch("fewRows", transposes(false, true) + " -DFROZEN " + weight.constant());
    }

    /**
     * @param busy numbers of C that keep the device busy: where it has fewer, the depth is dealt out, too
     */
    OpenClMatMul(Commands commands, Programs programs, Scratch scratch, Tiles tiles, long busy) {
        super("matmul", commands, programs);
        this.tiles = tiles;
        this.busy = busy;
        this.scratch = scratch;
    }

    private static String transposes(boolean a, boolean b) {
        return "-DTA=" + (a ? 1 : 0) + " -DTB=" + (b ? 1 : 0);
    }

    @Override
    public void product(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        product(alpha, a, Factor.of(b), beta, c);
    }

    /** Whether the stored rows of a matrix are fours of numbers that begin at multiples of 16 bytes. */
    private static boolean inFours(Matrix m) {
        int stored = m.transposed() ? m.rows() : m.cols();
        return stored % 4 == 0 && m.leading() % 4 == 0 && floats(m).offset() % 4 == 0;
    }

    /**
     * B of a product.
     *
     * @param format of its numbers, a constant
     * @param fours as {@link #inFours}
     * @param arguments adds it and its leading dimension to those of a launch
     */
    private record Factor(boolean transposed, String format, boolean fours, UnaryOperator<Launch> arguments) {
        static Factor of(Matrix b) {
            DeviceMemory numbers = floats(b);
            return new Factor(
                    b.transposed(),
                    "-DFORMAT_F32",
                    inFours(b),
                    launch -> launch.arg(numbers).arg(b.leading()));
        }

        static Factor of(DeviceFrozen w, boolean transposed) {
            return new Factor(
                    transposed,
                    "-DFROZEN " + w.constant(),
                    w.inFours(),
                    launch -> launch.arg(w.buffer()).arg(w.from()).arg(w.cols()));
        }
    }

    @Override
    public void products(int batch, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        int m = c.rows() / batch;
        int n = c.cols();
        int k = a.parts(0, 1, batch).cols();
        DeviceMemory cs = floats(c);
        run(
                gemm(new Form(tiles.smallTile(), a, Factor.of(b)))
                        .arg(m)
                        .arg(n)
                        .arg(k)
                        .arg(alpha)
                        .arg(floats(a))
                        .arg(a.leading())
                        .arg(stride(a, batch))
                        .arg(floats(b))
                        .arg(b.leading())
                        .arg(stride(b, batch))
                        .arg(beta)
                        .arg(cs)
                        .arg(c.leading())
                        .arg(stride(c, batch))
                        .arg(1)
                        .arg(k)
                        .arg(cs.buffer()),
                tiles.smallTile(),
                m,
                n,
                batch);
    }

    /** Numbers from the beginning of one part to that of the next. */
    private static long stride(Matrix m, int parts) {
        return (long) (m.transposed() ? m.cols() : m.rows()) / parts * m.leading();
    }

    /** {@code C = alpha A B + beta C}. */
    private void product(float alpha, Matrix a, Factor b, float beta, Matrix c) {
        int m = c.rows();
        int n = c.cols();
        int k = a.cols();
        Tiles.Tile tile = tiles.of(m, n);
        int depth = partDepth(tile, m, n, k);
        int parts = Math.max(1, Math.ceilDiv(k, depth));
        DeviceMemory cs = floats(c);
        Launch launch = gemm(new Form(tile, a, b))
                .arg(m)
                .arg(n)
                .arg(k)
                .arg(alpha)
                .arg(floats(a))
                .arg(a.leading())
                .arg(0L);
        b.arguments
                .apply(launch)
                .arg(0L)
                .arg(beta)
                .arg(cs)
                .arg(c.leading())
                .arg(0L)
                .arg(parts)
                .arg(depth);
        if (parts == 1) {
            run(launch.arg(cs.buffer()), tile, m, n, 1);
            return;
        }
        synchronized (scratch) {
            cl_mem partials = scratch.floats((long) parts * m * n);
            run(launch.arg(partials), tile, m, n, parts);
            new Launch(commands, programs.kernel("rows", "gemmJoin"))
                    .arg(parts)
                    .arg(m)
                    .arg(n)
                    .arg(alpha)
                    .arg(partials)
                    .arg(beta)
                    .arg(cs)
                    .arg(c.leading())
                    .items((long) m * n);
        }
    }

    /** Depth of a group's part: all of it, unless there are too few tiles to keep the device busy. */
    private int partDepth(Tiles.Tile tile, int m, int n, int k) {
        long numbers = Math.max(1, tile.across(n) * tile.down(m)) * tile.rows() * tile.columns();
        int steps = Math.ceilDiv(k, tile.depth());
        int parts = Math.clamp(busy / numbers, 1, Math.max(1, steps / STEPS_PER_PART));
        return Math.max(1, Math.ceilDiv(steps, parts)) * tile.depth();
    }

    private static void run(Launch launch, Tiles.Tile tile, int m, int n, int batch) {
        long items = tile.items();
        launch.run(new long[] {tile.across(n) * items, tile.down(m), batch}, new long[] {items, 1, 1});
    }

    @Override
    public void linear(int rows, Memory x, Frozen w, Sink y) {
        if (y.isAbsent()) {
            return;
        }
        DeviceFrozen weight = DeviceFrozen.of(w);
        Matrix xs = Matrix.of(x, rows, w.cols());
        Matrix ys = Matrix.of(y.memory(), rows, w.rows());
        if (rows > 0 && rows <= FEW) {
            fewRows(weight)
                    .arg(rows)
                    .arg(w.cols())
                    .arg(w.rows())
                    .arg(floats(xs))
                    .arg(weight.buffer())
                    .arg(weight.from())
                    .arg(y, ys.span())
                    .bands(w.rows());
        } else {
            multiply(xs, weight, true, ys, y.adds());
        }
    }

    @Override
    public void linearGrad(int rows, Memory dy, Frozen w, Sink dx) {
        if (!dx.isAbsent()) {
            Matrix dys = Matrix.of(dy, rows, w.rows());
            multiply(dys, DeviceFrozen.of(w), false, Matrix.of(dx.memory(), rows, w.cols()), dx.adds());
        }
    }

    /** {@code C (+)= A op(W)}. */
    private void multiply(Matrix a, DeviceFrozen w, boolean transposed, Matrix c, boolean accumulate) {
        product(1, a, Factor.of(w, transposed), accumulate ? 1 : 0, c);
    }
}
