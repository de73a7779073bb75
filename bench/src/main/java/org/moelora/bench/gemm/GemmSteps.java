package org.moelora.bench.gemm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.bench.contest.QuietMachine;
import org.moelora.bench.lab.Child;
import org.moelora.engine.InputException;

/**
 * Measures the steps of {@code docs/gemm.md}: each step and size in a JVM of its own, all of them once in every round, so that whatever
 * else the machine does meets all alike.
 */
public final class GemmSteps {
    /** Stands for a step where the machine's peak is meant. */
    static final String PEAK = "peak";

    /** Stands for all of {@link TrainingProduct#ALL}. */
    private static final String PRODUCTS = "products";

    private static final List<Size> SIZES =
            List.of(new Size(1008, 1920, 1920), new Size(1008, 2048, 2048), new Size(1009, 1931, 1933));

    private static final String USAGE = """
            Usage: GemmSteps [STEP...] [--size MxNxK]... [--rounds N] [--threads N] [--page FILE] [--chart FILE]
            Prints Markdown tables of rates. STEP is one of %s, or
            "products": the thin and transposed products of a training step, by the engine. Without one, all of it.
            --size     C [M, N] = A [M, K] B [K, N]; may be given more than once (%s)
            --rounds   how often each step is measured, a third of a second each (11)
            --threads  of the steps for all cores (%d)
            --page     writes the measured numbers into this copy of docs/gemm.md; needs all steps, and a machine on which
                       nothing else runs: at most a load average of 0.3 a core
            --chart    draws the rates into this SVG file\
            """;

    private final List<Step> steps = new ArrayList<>();
    private final List<Size> sizes = new ArrayList<>();
    private int rounds = 11;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean products;
    private @Nullable GemmPage page;
    private @Nullable Path chart;

    private GemmSteps() {}

    public static void main(String[] args) {
        if (List.of(args).contains("--help")) {
            System.out.printf(
                    USAGE + "%n",
                    String.join(" ", Step.ids()),
                    SIZES,
                    Runtime.getRuntime().availableProcessors());
            return;
        }
        try {
            GemmSteps program = new GemmSteps();
            program.read(args);
            program.run();
        } catch (InputException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private void read(String[] args) {
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--size" -> sizes.add(Size.of(value(args, ++i)));
                case "--rounds" -> rounds = count(args, ++i);
                case "--threads" -> threads = count(args, ++i);
                case "--page" -> page = new GemmPage(Path.of(value(args, ++i)));
                case "--chart" -> chart = Path.of(value(args, ++i));
                case PRODUCTS -> products = true;
                default -> steps.add(Step.of(args[i]));
            }
        }
        if (page != null && (products || !steps.isEmpty() || !sizes.isEmpty())) {
            throw new InputException(
                    "--page tells of all steps on the usual sizes; expected neither STEP nor --size with it");
        }
        if (steps.isEmpty() && !products) {
            products = true;
            steps.addAll(Arrays.asList(Step.values()));
        }
        if (sizes.isEmpty()) {
            sizes.addAll(SIZES);
        }
    }

    private static String value(String[] args, int i) {
        if (i == args.length) {
            throw new InputException(args[i - 1] + " has no value; see --help");
        }
        return args[i];
    }

    private static int count(String[] args, int i) {
        String text = value(args, i);
        if (!text.matches("[1-9]\\d{0,2}")) {
            throw new InputException(args[i - 1] + " is \"" + text + "\"; expected 1 to 999");
        }
        return Integer.parseInt(text);
    }

    private void run() {
        double load = QuietMachine.load();
        if (page != null) {
            page.checkQuiet(load);
        }
        Report report = measure(load);
        if (!steps.isEmpty()) {
            System.out.println(report.table());
        }
        if (products) {
            System.out.println(report.products());
        }
        if (page != null) {
            page.write(report);
        }
        if (chart != null) {
            try {
                Files.writeString(chart, RateChart.of(report));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Report measure(double load) {
        List<Child> children = new ArrayList<>();
        List<TrainingProduct> measured = products ? TrainingProduct.ALL : List.of();
        try {
            Size any = sizes.getFirst();
            children.add(start(PEAK, any, 1));
            children.add(start(PEAK, any, threads));
            for (Size size : sizes) {
                for (Step step : steps) {
                    children.add(start(step.id(), size, threads));
                }
            }
            for (TrainingProduct product : measured) {
                children.add(start(product.id(), product.size(), 1));
                children.add(start(product.id(), product.size(), threads));
            }
            double[][] rates = new double[children.size()][rounds];
            long[] bytes = new long[children.size()];
            Arrays.fill(bytes, Long.MAX_VALUE);
            for (int round = 0; round < rounds; round++) {
                say("round " + (round + 1) + " of " + rounds);
                for (int i = 0; i < children.size(); i++) {
                    double[] answer = children.get(i).measure();
                    rates[i][round] = answer[0];
                    bytes[i] = Math.min(bytes[i], (long) answer[1]);
                }
            }
            Arrays.sort(rates[0]);
            Arrays.sort(rates[1]);
            List<Rates> all = new ArrayList<>();
            int ofProducts = 2 + sizes.size() * steps.size();
            for (int i = 2; i < ofProducts; i++) {
                Step step = steps.get((i - 2) % steps.size());
                all.add(new Rates(
                        step, sizes.get((i - 2) / steps.size()), children.get(i).ready(), rates[i], bytes[i]));
            }
            List<TrainingProduct.Measured> ofTraining = new ArrayList<>();
            for (int i = 0; i < measured.size(); i++) {
                int at = ofProducts + 2 * i;
                ofTraining.add(new TrainingProduct.Measured(measured.get(i), rates[at], rates[at + 1]));
            }
            return new Report(
                    children.getFirst().ready(),
                    threads,
                    rounds,
                    load,
                    Rates.median(rates[0]),
                    Rates.median(rates[1]),
                    sizes,
                    all,
                    ofTraining);
        } finally {
            children.forEach(Child::close);
        }
    }

    private static Child start(String what, Size size, int threads) {
        say("warming up: " + what + " " + size);
        return new Child(Trial.class, what, "" + size.m(), "" + size.n(), "" + size.k(), "" + threads);
    }

    /** Progress, apart from the table. */
    private static void say(String line) {
        System.err.println(line);
    }
}
