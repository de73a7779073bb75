package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Rates.number;

import java.util.List;
import java.util.Locale;

/** Bars of the measured rates, as SVG: for each step one bar per size, and lines where the peaks are. */
final class RateChart {
    private static final int LEFT = 210;
    private static final int WIDTH = 560;
    private static final int TOP = 70;
    private static final int BAR = 12;
    private static final List<String> COLOURS = List.of("#1f6f8b", "#e0a458", "#7a8b99");

    private final StringBuilder svg = new StringBuilder();
    private final double scale;

    private RateChart(double most) {
        scale = WIDTH / most;
    }

    static String of(Report report) {
        double most = Math.max(
                Math.max(report.peak(), report.peakAll()),
                report.all().stream().mapToDouble(Rates::median).max().orElse(1));
        return new RateChart(most).draw(report);
    }

    private String draw(Report report) {
        List<Step> steps = report.all().stream().map(Rates::step).distinct().toList();
        int pitch = BAR * report.sizes().size() + 8;
        int bottom = TOP + pitch * steps.size();
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n",
                LEFT + WIDTH + 70,
                bottom + 16));
        svg.append("<title>GFLOP/s of each step</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        text(LEFT, 22, "start", "GFLOP/s");
        for (int i = 0; i < report.sizes().size(); i++) {
            int x = LEFT + 60 + 130 * i;
            svg.append(
                    String.format("<rect x=\"%d\" y=\"12\" width=\"12\" height=\"12\" fill=\"%s\"/>%n", x, colour(i)));
            text(x + 18, 22, "start", report.sizes().get(i).toString());
        }
        peak(report.peak(), TOP - 26, bottom, "peak, one core");
        peak(report.peakAll(), TOP - 12, bottom, "peak, " + report.threads() + " threads");
        for (int s = 0; s < steps.size(); s++) {
            Step step = steps.get(s);
            int y = TOP + pitch * s;
            String number = step.numbered() ? step.id() + "  " : "";
            text(LEFT - 10, y + pitch / 2 + 1, "end", number + step.title());
            for (int i = 0; i < report.sizes().size(); i++) {
                bar(report.find(step, report.sizes().get(i)).orElseThrow().median(), y + BAR * i, colour(i));
            }
        }
        return svg.append("</svg>\n").toString();
    }

    private static String colour(int i) {
        return COLOURS.get(i % COLOURS.size());
    }

    private void bar(double rate, int y, String colour) {
        double width = Math.max(1, rate * scale);
        svg.append(String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                LEFT,
                y,
                width,
                BAR - 1,
                colour));
        text(LEFT + (int) width + 5, y + BAR - 3, "start", number(rate));
    }

    private void peak(double rate, int top, int bottom, String label) {
        int x = LEFT + (int) (rate * scale);
        svg.append(String.format(
                "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#b0413e\" stroke-dasharray=\"4 3\"/>%n",
                x, top, x, bottom));
        text(x - 4, top + 8, "end", label + ": " + number(rate));
    }

    private void text(int x, int y, String anchor, String text) {
        svg.append(String.format("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>%n", x, y, anchor, text));
    }
}
