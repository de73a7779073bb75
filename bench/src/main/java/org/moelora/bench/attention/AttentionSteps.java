package org.moelora.bench.attention;

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

/** Measures the steps of {@code docs/attention.md}: each step and length in a JVM of its own, all of them once in every round. */
public final class AttentionSteps {
    private static final int DIM = 64;
    private static final List<Integer> TOKENS = List.of(1024, 4096);

    private static final String USAGE = """
            Usage: AttentionSteps [STEP...] [--rounds N] [--page FILE]
            Prints a Markdown table of rates. STEP is one of %s; all without one.
            --rounds   how often each step is measured, a third of a second each (7)
            --page     writes the measured numbers into this copy of docs/attention.md; needs all steps, and a machine on
                       which nothing else runs: at most a load average of 0.3 a core\
            """;

    private AttentionSteps() {}

    public static void main(String[] args) {
        if (List.of(args).contains("--help")) {
            System.out.printf(USAGE + "%n", String.join(" ", Step.ids()));
            return;
        }
        try {
            run(args);
        } catch (InputException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private static void run(String[] args) {
        List<Step> steps = new ArrayList<>();
        int rounds = 7;
        Path page = null;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--rounds" -> {
                    String text = value(args, ++i);
                    if (!text.matches("[1-9]\\d{0,2}")) {
                        throw new InputException("--rounds is \"" + text + "\"; expected 1 to 999");
                    }
                    rounds = Integer.parseInt(text);
                }
                case "--page" -> page = Path.of(value(args, ++i));
                default -> steps.add(Step.of(args[i]));
            }
        }
        if (page != null && !steps.isEmpty()) {
            throw new InputException("--page tells of all steps; expected no STEP with it");
        }
        if (steps.isEmpty()) {
            steps.addAll(Arrays.asList(Step.values()));
        }
        double load = QuietMachine.load();
        checkQuiet(page, load);
        Report report = measure(steps, rounds, load);
        System.out.println(report.table());
        if (page != null) {
            write(page, report);
        }
    }

    private static String value(String[] args, int i) {
        if (i == args.length) {
            throw new InputException(args[i - 1] + " has no value; see --help");
        }
        return args[i];
    }

    private static void checkQuiet(@Nullable Path page, double load) {
        if (page != null) {
            QuietMachine.require(page, load, Runtime.getRuntime().availableProcessors());
        }
    }

    /**
     * Puts a run's numbers into the page.
     *
     * @throws InputException if the run began on a machine that was not quiet; the page is left as it was
     */
    static void write(Path page, Report report) {
        checkQuiet(page, report.load());
        try {
            Files.writeString(page, report.into(Files.readString(page)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Report measure(List<Step> steps, int rounds, double load) {
        List<Child> children = new ArrayList<>();
        try {
            for (int tokens : TOKENS) {
                for (Step step : steps) {
                    System.err.println("warming up: step " + step.id() + ", " + tokens + " tokens");
                    children.add(new Child(Trial.class, step.id(), "" + tokens, "" + DIM));
                }
            }
            double[][] rates = new double[children.size()][rounds];
            for (int round = 0; round < rounds; round++) {
                System.err.println("round " + (round + 1) + " of " + rounds);
                for (int i = 0; i < children.size(); i++) {
                    rates[i][round] = children.get(i).measure()[0];
                }
            }
            List<Report.Rate> all = new ArrayList<>();
            for (int i = 0; i < rates.length; i++) {
                all.add(new Report.Rate(steps.get(i % steps.size()), TOKENS.get(i / steps.size()), rates[i]));
            }
            return new Report(load, DIM, rounds, TOKENS, all);
        } finally {
            children.forEach(Child::close);
        }
    }
}
