package org.moelora.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.moelora.eval.LinearRouting;
import org.moelora.eval.RoutingReport;

/** What the routers of a mixture do, as tables for a person and as JSON for a program. */
final class RoutingTables {
    private static final int LINEARS_WITH_SHARES = 3;

    private RoutingTables() {}

    /** How much the experts say about the task: over all linears, as a map of them, and task by task where they say most. */
    static void printTasks(RoutingReport report, PrintStream out) {
        if (report.olderRows() > 0) {
            out.println("Left out are " + Figures.count(report.olderRows())
                    + " rows that an older adapter answers, on which this one grew.");
        }
        if (!report.comparesTasks()) {
            out.println(
                    report.tasks().isEmpty()
                            ? "The rows name no task, so there are none that the routers could tell apart."
                            : "The only task that rows name is \""
                                    + report.tasks().getFirst()
                                    + "\", so there are none that the routers could tell apart.");
            return;
        }
        out.println("What its expert says about a token's task, I(task; expert) in bits, on "
                + Figures.count(report.rows()) + " rows of " + report.tasks().size() + " tasks:");
        Table table = new Table("", "mean of " + report.linears().size() + " linears", "best linear");
        table.row("untrained router", mean(report, LinearRouting::untrained), most(report, LinearRouting::untrained));
        table.row("this router", mean(report, LinearRouting::information), most(report, LinearRouting::information));
        table.row("by chance alone", mean(report, LinearRouting::bias), most(report, LinearRouting::bias));
        table.print(out);
        if (report.routers() < report.linears().size()) {
            out.println(report.routers() + " routers choose: linears of a block that read the same input share one, and"
                    + " have the same bits.");
        }
        out.println();
        HeatMap.print(report.linears(), report.tasks().size(), out);
        for (LinearRouting linear : report.mostInformed(LINEARS_WITH_SHARES)) {
            out.println();
            out.println("Experts of " + linear.site().name() + ", " + bits(linear.information())
                    + " bits: their shares of each task, in percent:");
            shares(report, linear).print(out);
        }
    }

    private static String mean(RoutingReport report, ToDoubleFunction<LinearRouting> number) {
        return bits(report.mean(number));
    }

    private static String most(RoutingReport report, ToDoubleFunction<LinearRouting> number) {
        return bits(report.linears().stream().mapToDouble(number).max().orElse(Double.NaN));
    }

    private static Table shares(RoutingReport report, LinearRouting linear) {
        List<String> titles = new ArrayList<>(List.of("task"));
        IntStream.range(0, linear.experts()).forEach(e -> titles.add("expert " + e));
        Table table = new Table(titles.toArray(String[]::new));
        for (int a = 0; a < report.tasks().size(); a++) {
            List<String> cells = new ArrayList<>(List.of(report.tasks().get(a)));
            for (double share : linear.shares()[a]) {
                cells.add(percent(share));
            }
            table.row(cells.toArray(String[]::new));
        }
        return table;
    }

    /** How experts share the work and how much they differ, a line per linear. */
    static void printLinears(RoutingReport report, PrintStream out) {
        out.println("Experts of each linear: load, entropy of the router, cosines of outputs, effective rank of an"
                + " expert's outputs:");
        List<String> titles = new ArrayList<>(List.of("linear"));
        if (report.comparesTasks()) {
            titles.addAll(List.of("bits", "untrained"));
        }
        titles.addAll(List.of("load, %", "entropy, bits", "same expert", "same token", "effective rank"));
        Table table = new Table(titles.toArray(String[]::new));
        for (LinearRouting linear : report.linears()) {
            List<String> cells = new ArrayList<>(List.of(linear.site().name()));
            if (report.comparesTasks()) {
                cells.addAll(List.of(bits(linear.information()), bits(linear.untrained())));
            }
            cells.addAll(List.of(
                    percent(linear.lowestLoad()) + " to " + percent(linear.highestLoad()),
                    number("%.2f", linear.entropy()) + " of "
                            + number("%.2f", Math.log(linear.experts()) / Math.log(2)),
                    number("%+.3f", linear.meanWithin()),
                    number("%+.3f", linear.between()),
                    number("%.2f", linear.meanEffectiveRank()) + " of " + linear.rank()));
            table.row(cells.toArray(String[]::new));
        }
        table.print(out);
        out.println("same expert: one expert's outputs for two tokens; same token: two experts' outputs for it.");
    }

    /** The means of {@link #printLinears} in a line. */
    static void printMeans(RoutingReport report, PrintStream out) {
        out.println("means over linears: entropy " + number("%.2f", report.mean(LinearRouting::entropy))
                + " bits; cosine of one expert's outputs for two tokens "
                + number("%+.3f", report.mean(LinearRouting::meanWithin))
                + ", of two experts' for one token " + number("%+.3f", report.mean(LinearRouting::between))
                + "; effective rank " + number("%.2f", report.mean(LinearRouting::meanEffectiveRank)));
    }

    private static String bits(double value) {
        return number("%.3f", value);
    }

    private static String percent(double share) {
        return number("%.1f", 100 * share);
    }

    /** A dash where there is no number. */
    private static String number(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }

    /** The numbers of the tables; what there is none of is null. */
    static Map<String, Object> asJson(RoutingReport report) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rows", report.rows());
        json.put("older_rows", report.olderRows());
        json.put("tokens", report.tokens());
        json.put("tasks", report.tasks());
        json.put("untrained_seed", report.seed());
        json.put("mean_information", report.mean(LinearRouting::information));
        json.put("mean_untrained", report.mean(LinearRouting::untrained));
        json.put(
                "linears",
                report.linears().stream().map(linear -> asJson(report, linear)).toList());
        return json;
    }

    private static Map<String, Object> asJson(RoutingReport report, LinearRouting linear) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("linear", linear.site().name());
        json.put("layer", linear.site().layer());
        json.put("router", linear.router().name());
        json.put("experts", linear.experts());
        json.put("rank", linear.rank());
        json.put("information", linear.information());
        json.put("untrained", linear.untrained());
        json.put("bias", linear.bias());
        json.put("entropy", linear.entropy());
        json.put("load", linear.load());
        json.put("cosine_same_expert", linear.within());
        json.put("cosine_same_token", linear.between());
        json.put("effective_rank", linear.effectiveRanks());
        Map<String, Object> shares = new LinkedHashMap<>();
        for (int a = 0; a < report.tasks().size(); a++) {
            shares.put(report.tasks().get(a), linear.shares()[a]);
        }
        json.put("shares", shares);
        return json;
    }
}
