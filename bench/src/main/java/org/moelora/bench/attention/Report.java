package org.moelora.bench.attention;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a run measured on one thread.
 *
 * @param load processes that wanted a core in the minute before
 * @param dim width of the head
 * @param tokens lengths, the longest last
 * @param all by length and step in the order measured
 */
record Report(double load, int dim, int rounds, List<Integer> tokens, List<Rate> all) {
    /**
     * Rates of a step on a text.
     *
     * @param gigaflops GFLOP/s of each round, ascending
     */
    record Rate(Step step, int tokens, double[] gigaflops) {
        Rate {
            Arrays.sort(gigaflops);
        }

        double median() {
            int half = gigaflops.length / 2;
            return gigaflops.length % 2 == 1 ? gigaflops[half] : (gigaflops[half - 1] + gigaflops[half]) / 2;
        }

        /** Milliseconds of one pass at the median. */
        double millis(int dim) {
            return step.flops(new Head(tokens, dim, 1, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE))
                    / (median() * 1e6);
        }
    }

    private static final float[] NONE = {};
    private static final Pattern PLACE =
            Pattern.compile("<!-- measured (\\w+) -->\\n.*?<!-- end -->\\n", Pattern.DOTALL);

    /** All steps, in Markdown. */
    String table() {
        StringBuilder s = new StringBuilder(String.format(
                Locale.ROOT,
                "JDK %s, %s, %d rounds, one thread, a head of %d, begun at a load average of %.2f.%n%n",
                System.getProperty("java.version"),
                LocalDate.now(ZoneOffset.UTC),
                rounds,
                dim,
                load));
        s.append("| step | what |");
        tokens.forEach(n -> s.append(" GFLOP/s, ").append(n).append(" tokens | ms |"));
        s.append(" kept for ").append(tokens.getLast()).append(" tokens |\n|---|---|");
        s.append("---|---|".repeat(tokens.size())).append("---|\n");
        for (Step step : Step.values()) {
            List<Rate> rates = all.stream().filter(rate -> rate.step == step).toList();
            if (!rates.isEmpty()) {
                s.append("| ")
                        .append(step.id())
                        .append(" | ")
                        .append(step.title())
                        .append(" |");
                rates.forEach(rate -> s.append(String.format(
                        Locale.ROOT,
                        " %.2f (%.2f..%.2f) | %.2f |",
                        rate.median(),
                        rate.gigaflops[0],
                        rate.gigaflops[rate.gigaflops.length - 1],
                        rate.millis(dim))));
                s.append(String.format(Locale.ROOT, " %.1f kB |%n", step.kept(tokens.getLast()) / 1e3));
            }
        }
        return s.toString().replace(System.lineSeparator(), "\n");
    }

    /** The page with this run's numbers in place of those it had. */
    String into(String page) {
        return PLACE.matcher(page)
                .replaceAll(place -> Matcher.quoteReplacement(
                        "<!-- measured " + place.group(1) + " -->\n" + measured(place.group(1)) + "<!-- end -->\n"));
    }

    private String measured(String what) {
        if (what.equals("table")) {
            return table();
        }
        Step step = Step.of(what);
        StringBuilder s = new StringBuilder("**Measured:");
        String separator = " ";
        for (Rate rate : all) {
            if (rate.step == step) {
                s.append(separator)
                        .append(String.format(Locale.ROOT, "%.2f GFLOP/s at %d tokens", rate.median(), rate.tokens));
                separator = ", ";
            }
        }
        return s.append(".**\n").toString();
    }
}
