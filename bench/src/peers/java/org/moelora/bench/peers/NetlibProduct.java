package org.moelora.bench.peers;

import dev.ludovic.netlib.blas.BLAS;
import dev.ludovic.netlib.blas.JavaBLAS;
import dev.ludovic.netlib.blas.NativeBLAS;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.moelora.bench.contest.Performer;
import org.moelora.bench.contest.Surroundings;
import org.moelora.bench.products.Product;
import org.moelora.bench.products.ProductPerformer;

/**
 * netlib's sgemm. Arguments: {@code vector} or {@code openblas}, threads. VectorBLAS has no threads, so several share the rows of x; OpenBLAS has its own.
 */
public final class NetlibProduct implements Product {
    private static final String VERSION = "netlib 3.2.0";

    private final BLAS blas;
    private final String version;
    private final int parts;
    private final ExecutorService pool;
    private int rows;
    private int out;
    private int in;
    private Form form = Form.XWT;
    private float[] x = {};
    private float[] w = {};
    private float[] y = {};

    private NetlibProduct(BLAS blas, String version, int parts) {
        this.blas = blas;
        this.version = version;
        this.parts = parts;
        this.pool =
                Executors.newFixedThreadPool(parts, Thread.ofPlatform().daemon().factory());
    }

    public static void main(String[] args) {
        int threads = Integer.parseInt(args[1]);
        Performer.serve(() -> new ProductPerformer(args[0].equals("vector") ? vector(threads) : openBlas(threads)));
    }

    private static NetlibProduct vector(int threads) {
        BLAS blas = JavaBLAS.getInstance();
        String name = blas.getClass().getSimpleName();
        if (!name.equals("VectorBLAS")) {
            throw new IllegalStateException("netlib chose " + name + " where VectorBLAS was expected");
        }
        return new NetlibProduct(blas, VERSION + " VectorBLAS", threads);
    }

    /** Whatever libblas.so.3 leads to, if it is OpenBLAS; on another BLAS the comparison would be worthless. */
    @SuppressWarnings("restricted") // OpenBLAS is asked about itself
    private static NetlibProduct openBlas(int threads) {
        BLAS blas;
        try {
            blas = NativeBLAS.getInstance();
        } catch (RuntimeException | LinkageError e) {
            throw new IllegalStateException("netlib cannot load libblas.so.3; apt-get install libopenblas0-pthread", e);
        }
        List<String> libraries = Surroundings.mapped(ProcessHandle.current().pid(), "openblas");
        List<String> found = libraries.stream()
                .filter(file -> file.substring(file.lastIndexOf('/')).contains("libopenblas"))
                .toList();
        if (found.isEmpty()) {
            throw new IllegalStateException("the native BLAS in use is not OpenBLAS but "
                    + Surroundings.mapped(ProcessHandle.current().pid(), "libblas")
                    + "; apt-get install libopenblas0-pthread");
        }
        SymbolLookup openBlas = SymbolLookup.libraryLookup(found.getFirst(), Arena.global());
        int active = (int) call(openBlas, "openblas_get_num_threads", ValueLayout.JAVA_INT);
        if (active != threads) {
            throw new IllegalStateException("OpenBLAS runs on " + active + " threads where " + threads + " were asked");
        }
        String config = text(openBlas, "openblas_get_config");
        return new NetlibProduct(
                blas, VERSION + " JNIBLAS on " + found.getFirst() + ": " + config + ", threads " + active, 1);
    }

    @SuppressWarnings("restricted")
    private static String text(SymbolLookup library, String function) {
        MemorySegment text = (MemorySegment) call(library, function, ValueLayout.ADDRESS);
        return text.reinterpret(1000).getString(0);
    }

    @SuppressWarnings("restricted")
    private static Object call(SymbolLookup library, String function, MemoryLayout result) {
        try {
            return Linker.nativeLinker()
                    .downcallHandle(library.find(function).orElseThrow(), FunctionDescriptor.of(result))
                    .invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("OpenBLAS has no " + function, e);
        }
    }

    @Override
    public String version() {
        return version;
    }

    @Override
    public void prepare(int rows, int out, int in, float[] x, float[] w) {
        prepare(Form.XWT, rows, out, in, x, w);
    }

    @Override
    public void prepare(Form form, int rows, int out, int in, float[] x, float[] w) {
        this.form = form;
        this.rows = rows;
        this.out = out;
        this.in = in;
        this.x = x;
        this.w = w;
        this.y = new float[rows * out];
    }

    @Override
    public void multiply() {
        if (parts == 1) {
            multiply(0, rows);
            return;
        }
        List<? extends Future<?>> running = IntStream.range(0, parts)
                .mapToObj(p -> pool.submit(() -> multiply(rows * p / parts, rows * (p + 1) / parts)))
                .toList();
        for (Future<?> part : running) {
            try {
                part.get();
            } catch (Exception e) {
                throw new IllegalStateException("a part failed", e);
            }
        }
    }

    /** Row-major y = x W^T is, seen by columns, y^T [out, rows] = W x^T, with W given as its transpose; x W and x^T W alike. */
    private void multiply(int from, int to) {
        boolean turnW = form == Form.XWT;
        boolean turnX = form == Form.XTW;
        blas.sgemm(
                turnW ? "T" : "N",
                turnX ? "T" : "N",
                out,
                to - from,
                in,
                1,
                w,
                0,
                turnW ? in : out,
                x,
                turnX ? from : from * in,
                turnX ? rows : in,
                0,
                y,
                from * out,
                out);
    }

    @Override
    public float get(int row, int col) {
        return y[row * out + col];
    }
}
