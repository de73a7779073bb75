package org.moelora.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.bench.contest.Bar;
import org.moelora.bench.contest.Contender;
import org.moelora.bench.contest.ContenderException;
import org.moelora.bench.contest.Figure;
import org.moelora.bench.contest.Rounds;
import org.moelora.bench.contest.Spread;
import org.moelora.bench.contest.Table;
import org.moelora.bench.products.OurProduct;
import org.moelora.bench.products.Product.Form;

/**
 * {@code y = x W^T} at shapes of training steps, on one thread and on two; then the products of a step whose factors both change: thin ones, of an
 * adapter's rank, and transposed ones.
 */
final class GemmSection implements Section {
    private static final String PREPACKED = "ours, prepacked";
    private static final String PACKING = "ours, packing timed";
    private static final String GEMM = "ours, gemm";
    private static final String OPENBLAS = "OpenBLAS";
    private static final String LIBTORCH = "libtorch";
    private static final List<String> PURE_JAVA = List.of("VectorBLAS", "EJML", "ojAlgo");
    private static final List<String> ALL =
            List.of(PREPACKED, PACKING, OPENBLAS, LIBTORCH, "VectorBLAS", "EJML", "ojAlgo");

    /** Those that take every form. */
    private static final List<String> ALL_FORMS = List.of(GEMM, OPENBLAS, "VectorBLAS");

    private static final int HEAP_MEGABYTES = 1200;
    private static final double TURN_NANOS = 200e6;
    /** What a slow library may take per shape beyond its two rounds. */
    private static final double PATIENCE_NANOS = 8e9;

    /** rows x out x in. */
    private record Size(int rows, int out, int in, Form form) {
        Size(int rows, int out, int in) {
            this(rows, out, in, Form.XWT);
        }

        double flops() {
            return 2.0 * rows * out * in;
        }

        @Override
        public String toString() {
            return rows + "x" + out + "x" + in + (form == Form.XWT ? "" : " " + form);
        }
    }

    private static final List<Size> SIZES = List.of(
            new Size(512, 576, 576), new Size(1024, 1536, 576), new Size(1024, 2048, 2048), new Size(1024, 49152, 576));

    /** Of an adapter of rank 8 and of rank 32: U = x A^T, y = U B^T, dU = dy B, dx = dU A, dB = dy^T U, dA = dU^T x; and dW = dy^T x. */
    private static final List<Size> CHANGING = Stream.concat(
                    Stream.of(8, 32)
                            .flatMap(rank -> Stream.of(
                                    new Size(1024, rank, 576),
                                    new Size(1024, 1536, rank),
                                    new Size(1024, rank, 1536, Form.XW),
                                    new Size(1024, 576, rank, Form.XW),
                                    new Size(1536, rank, 1024, Form.XTW),
                                    new Size(rank, 576, 1024, Form.XTW))),
                    Stream.of(new Size(1536, 576, 1024, Form.XTW)))
            .toList();

    @Override
    public String name() {
        return "gemm";
    }

    @Override
    public void run(Session session) {
        session.report().section("x W^T, float32: rows x out x in, GFLOP/s");
        boolean quick = session.settings().quick();
        compare(session, ALL, quick ? SIZES.subList(0, 2) : SIZES);
        session.report().section("thin and transposed, float32: rows x columns x depth, GFLOP/s");
        compare(session, ALL_FORMS, quick ? CHANGING.subList(4, 6) : CHANGING);
    }

    private static void compare(Session session, List<String> names, List<Size> sizes) {
        List<String> head = new ArrayList<>(List.of("shape", "threads"));
        head.addAll(names);
        Table rates = new Table(head.toArray(String[]::new));
        List<Figure> figures = new ArrayList<>();
        for (int threads = 1; threads <= 2; threads++) {
            Map<String, Contender> contenders = start(session, names, threads);
            try {
                for (Size size : sizes) {
                    measure(session, contenders, names, size, threads, rates, figures);
                }
            } finally {
                contenders.values().forEach(Contender::close);
            }
        }
        session.report().table(rates);
        session.report().figures(figures);
    }

    /** The contenders that are here. */
    private static Map<String, Contender> start(Session session, List<String> names, int threads) {
        String n = Integer.toString(threads);
        Map<String, Contender> contenders = new LinkedHashMap<>();
        for (String name : names) {
            List<String> command = switch (name) {
                case PREPACKED -> Contender.java(HEAP_MEGABYTES, OurProduct.class, n, "prepacked");
                case PACKING -> Contender.java(HEAP_MEGABYTES, OurProduct.class, n, "packing");
                case GEMM -> Contender.java(HEAP_MEGABYTES, OurProduct.class, n, "gemm");
                case OPENBLAS -> Peers.java(HEAP_MEGABYTES, "NetlibProduct", "openblas", n);
                case "VectorBLAS" -> Peers.java(HEAP_MEGABYTES, "NetlibProduct", "vector", n);
                case "EJML" -> Peers.java(HEAP_MEGABYTES, "EjmlProduct", n);
                case "ojAlgo" -> Peers.java(HEAP_MEGABYTES, "OjalgoProduct", n);
                default -> Peers.java(HEAP_MEGABYTES, "TorchProduct", n);
            };
            if (command.isEmpty()) {
                session.absent().put(name, Peers.HOW);
                continue;
            }
            Map<String, String> environment =
                    name.equals(OPENBLAS) ? Map.of("OPENBLAS_NUM_THREADS", n) : Peers.environment(session);
            try {
                Contender contender = Contender.start(name, command, environment, session.log(name + "-" + threads));
                contenders.put(name, contender);
                session.versions().put(name, contender.about().get("version"));
            } catch (ContenderException e) {
                session.failed(name, e);
            }
        }
        return contenders;
    }

    /** A contender with its operands, at work on one shape. */
    private static final class Turn implements Rounds.Turn {
        private final Contender contender;
        private final int calls;
        private final int rounds;

        Turn(Contender contender, Size size, int rounds) {
            this.contender = contender;
            double first = contender
                    .ask("prepare " + size.rows + " " + size.out + " " + size.in + " " + size.form.name())
                    .number("nanos");
            double perCall =
                    first > 1e9 ? first : Rounds.warmUp(contender, c -> time(c, TURN_NANOS / 4, first), 16, 10);
            this.calls = calls(TURN_NANOS, perCall);
            this.rounds = Math.clamp((long) (PATIENCE_NANOS / (perCall * calls)), Math.min(2, rounds), rounds);
        }

        private static int calls(double nanos, double perCall) {
            return Math.clamp((long) (nanos / perCall), 1, 100_000);
        }

        private static double time(Contender contender, double nanos, double perCall) {
            return contender.ask("time " + calls(nanos, perCall)).number("nanos");
        }

        @Override
        public String name() {
            return contender.name();
        }

        @Override
        public int rounds() {
            return rounds;
        }

        @Override
        public double take() {
            return contender.ask("time " + calls).number("nanos");
        }
    }

    private static void measure(
            Session session,
            Map<String, Contender> contenders,
            List<String> names,
            Size size,
            int threads,
            Table rates,
            List<Figure> figures) {
        List<Turn> turns = new ArrayList<>();
        for (Contender contender : List.copyOf(contenders.values())) {
            try {
                turns.add(new Turn(contender, size, session.settings().rounds()));
            } catch (ContenderException e) {
                session.failed(contender.name() + " at " + size, e);
            }
        }
        Map<String, double[]> nanos = session.rounds(turns, session.settings().rounds());
        List<String> cells = new ArrayList<>();
        for (String name : names) {
            double[] values = nanos.get(name);
            cells.add(values == null ? "absent" : rate(size, values).toString());
        }
        List<String> row = new ArrayList<>(List.of(size.toString(), Integer.toString(threads)));
        row.addAll(cells);
        rates.row(row.toArray(String[]::new));
        session.report().progress(size + ", threads " + threads + ": " + String.join(" | ", cells));

        String where = size + ", " + threads + (threads == 1 ? " thread" : " threads");
        if (names.contains(GEMM)) {
            figures.add(figure(where, size, nanos, GEMM, OPENBLAS, null));
            return;
        }
        figures.add(figure(where, size, nanos, PREPACKED, OPENBLAS, Bar.atLeast(0.95)));
        figures.add(figure(where, size, nanos, PACKING, OPENBLAS, Bar.atLeast(0.88)));
        figures.add(figure(where, size, nanos, PREPACKED, best(nanos, PURE_JAVA), Bar.atLeast(3.5)));
        figures.add(figure(where, size, nanos, PACKING, best(nanos, PURE_JAVA), Bar.atLeast(3.5)));
        figures.add(figure(where, size, nanos, PACKING, LIBTORCH, null));
    }

    /** The fastest of some contenders; the first one if none of them is there. */
    private static String best(Map<String, double[]> nanos, List<String> names) {
        String best = names.getFirst();
        double least = Double.POSITIVE_INFINITY;
        for (String name : names) {
            double[] values = nanos.get(name);
            if (values != null && Spread.ofKnown(values).median() < least) {
                least = Spread.ofKnown(values).median();
                best = name;
            }
        }
        return best;
    }

    private static Spread rate(Size size, double[] nanos) {
        return Spread.of(nanos, t -> size.flops() / t);
    }

    private static Figure figure(
            String where, Size size, Map<String, double[]> nanos, String ours, String theirs, @Nullable Bar bar) {
        String what = where + ": " + ours.substring("ours, ".length()) + " / " + theirs;
        double[] mine = nanos.get(ours);
        double[] others = nanos.get(theirs);
        if (mine == null || others == null) {
            return Figure.absent(what, bar, (mine == null ? ours : theirs) + " is absent");
        }
        return new Figure(
                what,
                rate(size, mine) + " GFLOP/s",
                rate(size, others) + " GFLOP/s",
                Spread.ofRatios(others, mine),
                bar);
    }
}
