package org.moelora.bench.gemm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * Measures the steps of {@code docs/gemm.md}: each step and size in a JVM of its own, all of them once in every round, so that whatever
 * else the machine does meets all alike.
 */
public final class GemmSteps {
    /** Stands for a step where the machine's peak is meant. */
    static final String PEAK = "peak";

    private static final List<Size> SIZES =
            List.of(new Size(1008, 1920, 1920), new Size(1008, 2048, 2048), new Size(1009, 1931, 1933));

    private static final String USAGE = """
            Usage: GemmSteps [STEP...] [--size MxNxK]... [--rounds N] [--threads N] [--page FILE] [--chart FILE]
            Prints a Markdown table of rates. STEP is one of %s; all without one.
            --size     C [M, N] = A [M, K] B [K, N]; may be given more than once (%s)
            --rounds   how often each step is measured, a third of a second each (11)
            --threads  of the steps for all cores (%d)
            --page     writes the measured numbers into this copy of docs/gemm.md; needs all steps
            --chart    draws the rates into this SVG file\
            """;

    private final List<Step> steps = new ArrayList<>();
    private final List<Size> sizes = new ArrayList<>();
    private int rounds = 11;
    private int threads = Runtime.getRuntime().availableProcessors();
    private @Nullable Path page;
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
                case "--page" -> page = Path.of(value(args, ++i));
                case "--chart" -> chart = Path.of(value(args, ++i));
                default -> steps.add(Step.of(args[i]));
            }
        }
        if (page != null && !(steps.isEmpty() && sizes.isEmpty())) {
            throw new InputException(
                    "--page tells of all steps on the usual sizes; expected neither STEP nor --size with it");
        }
        if (steps.isEmpty()) {
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
        Report report = measure();
        System.out.println(report.table());
        try {
            if (page != null) {
                Files.writeString(page, report.into(Files.readString(page)));
            }
            if (chart != null) {
                Files.writeString(chart, RateChart.of(report));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Report measure() {
        List<Child> children = new ArrayList<>();
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        try {
            Size any = sizes.getFirst();
            children.add(start(PEAK, any, 1));
            children.add(start(PEAK, any, threads));
            for (Size size : sizes) {
                for (Step step : steps) {
                    children.add(start(step.id(), size, threads));
                }
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
            for (int i = 2; i < children.size(); i++) {
                Step step = steps.get((i - 2) % steps.size());
                all.add(new Rates(step, sizes.get((i - 2) / steps.size()), children.get(i).ready, rates[i], bytes[i]));
            }
            return new Report(
                    children.getFirst().ready,
                    threads,
                    rounds,
                    load,
                    Rates.median(rates[0]),
                    Rates.median(rates[1]),
                    sizes,
                    all);
        } finally {
            children.forEach(Child::close);
        }
    }

    private static Child start(String what, Size size, int threads) {
        say("warming up: " + what + " " + size);
        return new Child(what, size, threads);
    }

    /** Progress, apart from the table. */
    private static void say(String line) {
        System.err.println(line);
    }
}
