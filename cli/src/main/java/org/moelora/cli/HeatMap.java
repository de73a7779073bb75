package org.moelora.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.moelora.adapter.LinearSite;
import org.moelora.eval.LinearRouting;

/** A number of every adapted linear, a line per layer and a column per kind of linear, with shades beside the numbers instead of colours. */
final class HeatMap {
    private static final String SHADES = " \u2591\u2592\u2593\u2588";
    private static final String PLAIN_SHADES = " .:*#";

    private HeatMap() {}

    /**
     * I(task; expert) of each linear. Shades say which part it is of what it could be, the smaller of log2 A and log2 E.
     *
     * @param tasks A, from 2
     */
    static void print(List<LinearRouting> linears, int tasks, PrintStream out) {
        String shades = out.charset().newEncoder().canEncode(SHADES) ? SHADES : PLAIN_SHADES;
        Map<Integer, Map<String, LinearRouting>> layers = new TreeMap<>();
        Set<String> columns = new LinkedHashSet<>();
        for (LinearRouting linear : linears) {
            String column = column(linear.site(), linears);
            columns.add(column);
            layers.computeIfAbsent(linear.site().layer(), layer -> new TreeMap<>())
                    .put(column, linear);
        }
        List<String> titles = new ArrayList<>(List.of("layer"));
        columns.forEach(column -> titles.add(column + "  "));
        Table table = new Table(titles.toArray(String[]::new));
        layers.forEach((layer, found) -> {
            List<String> cells = new ArrayList<>(List.of(Integer.toString(layer)));
            for (String column : columns) {
                LinearRouting linear = found.get(column);
                cells.add(linear == null ? "-  " : cell(linear, tasks, shades));
            }
            table.row(cells.toArray(String[]::new));
        });
        table.print(out);
        out.println("Shades: " + shades.charAt(1) + " from 5 %, " + shades.charAt(2) + " from 25 %, "
                + shades.charAt(3) + " from 50 %, " + shades.charAt(4) + " from 75 % of what there could be, "
                + mostOfAll(linears, tasks) + " bits.");
    }

    private static String mostOfAll(List<LinearRouting> linears, int tasks) {
        double least = linears.stream()
                .mapToDouble(linear -> most(linear, tasks))
                .min()
                .orElse(0);
        double most = linears.stream()
                .mapToDouble(linear -> most(linear, tasks))
                .max()
                .orElse(0);
        return least == most
                ? String.format(Locale.ROOT, "%.2f", most)
                : String.format(Locale.ROOT, "%.2f to %.2f", least, most);
    }

    /** The smaller of log2 A and log2 E. */
    private static double most(LinearRouting linear, int tasks) {
        return Math.log(Math.min(tasks, linear.experts())) / Math.log(2);
    }

    private static String cell(LinearRouting linear, int tasks, String shades) {
        double share = linear.information() / most(linear, tasks);
        int level = share < 0.05 ? 0 : share < 0.25 ? 1 : share < 0.5 ? 2 : share < 0.75 ? 3 : 4;
        return String.format(Locale.ROOT, "%.3f %c", linear.information(), shades.charAt(level));
    }

    /** The last part of a linear's name, or the last two where a layer has several linears with that last part. */
    private static String column(LinearSite site, List<LinearRouting> linears) {
        long same = linears.stream()
                .map(LinearRouting::site)
                .filter(other ->
                        other.layer() == site.layer() && other.projection().equals(site.projection()))
                .count();
        String name = site.name();
        int cut = name.lastIndexOf('.');
        if (same > 1 && cut > 0) {
            cut = name.lastIndexOf('.', cut - 1);
        }
        return name.substring(cut + 1);
    }
}
