package org.moelora.learn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A drawing of a lesson, as SVG in the colours of a light or a dark page. Lengths are pixels, x goes to the right and y downwards. A kind is a
 * class of the style sheet: {@code c0} to {@code c3} for what is compared, {@code quiet} for what explains, {@code measured} for what is different
 * on each machine.
 */
final class Picture {
    private static final String MARK = "<!-- A picture of a lesson: bin/moelora learn -->\n";
    private static final String STYLE = """
              .paper { fill: #ffffff } text { fill: #1f2328 } .quiet { fill: #656d76 } .over { fill: #ffffff } .end { text-anchor: end } .middle { text-anchor: middle } .small { font-size: 10px }
              .box { fill: #f6f8fa; stroke: #d0d7de } .grid { stroke: #d0d7de } .grey { fill: #afb8c1 } polyline, line { fill: none; stroke-width: 2 } .grid { stroke-width: 1 }
              .c0 { fill: #1a7f37 } .c1 { fill: #8250df } .c2 { fill: #bc4c00 } .c3 { fill: #0969da }
              .s0 { stroke: #1a7f37 } .s1 { stroke: #8250df } .s2 { stroke: #bc4c00 } .s3 { stroke: #0969da } .thin { stroke-width: 1; stroke-opacity: 0.6 } .dotted { r: 2.5px } .dashed { stroke-dasharray: 5 4 }
              @media (prefers-color-scheme: dark) {
                .paper { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 } .over { fill: #0d1117 } .box { fill: #161b22; stroke: #3d444d } .grid { stroke: #3d444d } .grey { fill: #484f58 }
                .c0 { fill: #3fb950 } .c1 { fill: #a371f7 } .c2 { fill: #f0883e } .c3 { fill: #58a6ff }
                .s0 { stroke: #3fb950 } .s1 { stroke: #a371f7 } .s2 { stroke: #f0883e } .s3 { stroke: #58a6ff }
              }
            """;

    private final String title;
    private final int width;
    private final int height;
    private final List<String> shapes = new ArrayList<>();

    Picture(String title, int width, int height) {
        this.title = title;
        this.width = width;
        this.height = height;
        text(16, 24, "", title);
    }

    /** Text that begins at x; with the kind {@code middle} or {@code end} it is centred there or ends there. */
    Picture text(double x, double y, String kind, String text) {
        return add("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", kind, x, y, escaped(text));
    }

    Picture rect(double x, double y, double w, double h, String kind, double opacity) {
        return add(
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill-opacity=\"%.3f\"/>",
                kind, x, y, Math.max(0, w), Math.max(0, h), opacity);
    }

    Picture rect(double x, double y, double w, double h, String kind) {
        return rect(x, y, w, h, kind, 1);
    }

    Picture line(double x1, double y1, double x2, double y2, String kind) {
        return add("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", kind, x1, y1, x2, y2);
    }

    Picture dot(double x, double y, String kind) {
        return add("<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", kind, x, y);
    }

    /** A line through points {@code {x, y}}. */
    Picture curve(List<double[]> points, String kind) {
        StringBuilder path = new StringBuilder();
        for (double[] point : points) {
            path.append(String.format(Locale.ROOT, "%.1f,%.1f ", point[0], point[1]));
        }
        return add(
                "<polyline class=\"%s\" points=\"%s\"/>", kind, path.toString().strip());
    }

    /** One square for each number: the darker the larger, in the colour {@code plus} or, below 0, {@code minus}; 1 is the darkest. */
    Picture heat(double x, double y, double cell, double[][] values, String plus, String minus) {
        for (int row = 0; row < values.length; row++) {
            for (int col = 0; col < values[row].length; col++) {
                double value = values[row][col];
                rect(
                        x + col * cell,
                        y + row * cell,
                        cell - 1,
                        cell - 1,
                        value < 0 ? minus : plus,
                        0.04 + 0.96 * Math.min(1, Math.abs(value)));
            }
        }
        return this;
    }

    /** Where the numbers of a diagram lie: {@code x} from {@code x0} to {@code x1}, {@code y} from {@code y0} up to {@code y1}, on a log scale or not. */
    record Axes(
            double left,
            double top,
            double w,
            double h,
            double x0,
            double x1,
            boolean logX,
            double y0,
            double y1,
            boolean logY) {
        double x(double value) {
            return left + w * share(value, x0, x1, logX);
        }

        double y(double value) {
            return top + h - h * share(value, y0, y1, logY);
        }

        private static double share(double value, double from, double to, boolean log) {
            double share =
                    log ? StrictMath.log(value / from) / StrictMath.log(to / from) : (value - from) / (to - from);
            return Math.clamp(share, 0, 1);
        }
    }

    /** The frame of a diagram, with a grid line and a label at each of the values. */
    Picture frame(Axes axes, String xName, double[] xs, String yName, double[] ys) {
        rect(axes.left, axes.top, axes.w, axes.h, "box");
        for (double x : xs) {
            line(axes.x(x), axes.top, axes.x(x), axes.top + axes.h, "grid");
            text(axes.x(x), axes.top + axes.h + 16, "quiet middle", number(x));
        }
        for (double y : ys) {
            line(axes.left, axes.y(y), axes.left + axes.w, axes.y(y), "grid");
            text(axes.left - 6, axes.y(y) + 4, "quiet end", number(y));
        }
        text(axes.left + axes.w, axes.top + axes.h + 34, "quiet end", xName);
        return text(axes.left, axes.top - 8, "quiet", yName);
    }

    private static String number(double value) {
        if (value != 0 && Math.abs(value) < 1e-3) {
            return String.format(Locale.ROOT, "%.0e", value);
        }
        String text = String.format(Locale.ROOT, "%.3f", value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    private Picture add(String format, Object... values) {
        shapes.add(String.format(Locale.ROOT, format, values));
        return this;
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /**
     * Writes {@code lesson-03.svg}, or {@code lesson-03-temperature=3.svg} of a lesson with a changed number, and returns where it lies. An earlier
     * picture is replaced, and nothing else is.
     */
    Path write(Path folder, int lesson, Map<String, Double> changed) {
        StringBuilder name = new StringBuilder(String.format(Locale.ROOT, "lesson-%02d", lesson));
        changed.forEach((key, value) -> name.append('-').append(key).append('=').append(number(value)));
        Path file = folder.resolve(name + ".svg").toAbsolutePath();
        try {
            if (Files.exists(file) && !Files.readString(file).startsWith(MARK)) {
                throw new IllegalArgumentException(
                        file + " is there already and is no picture of a lesson; move it, or use another folder");
            }
            Path fresh = file.resolveSibling(name + ".svg.tmp");
            try {
                Files.writeString(fresh, svg());
                Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(fresh);
            }
            return file;
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "cannot write " + file + " (" + e + "); use a folder that can be written", e);
        }
    }

    /** The file's text. */
    String svg() {
        StringBuilder svg = new StringBuilder();
        svg.append(MARK)
                .append(String.format(
                        Locale.ROOT,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" font-family=\"system-ui, sans-serif\""
                                + " font-size=\"12\">%n",
                        width,
                        height,
                        width));
        svg.append("<title>")
                .append(escaped(title))
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n");
        svg.append("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
        shapes.forEach(shape -> svg.append(shape).append('\n'));
        return svg.append("</svg>\n").toString().replace("\r\n", "\n");
    }
}
