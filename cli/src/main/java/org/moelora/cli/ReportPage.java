package org.moelora.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.JsonWriter;

/**
 * A page that shows runs: one HTML file with its style, its script, the library that draws the charts and the data in it, which asks no other host for
 * anything and may be sent to anyone.
 */
final class ReportPage {
    private static final String MARK = "<meta name=\"generator\" content=\"moelora report\">";
    private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z.]+)}}");
    private static final String CHARTS = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

    private ReportPage() {}

    /** The page with this data in it. */
    static String html(String title, Map<String, Object> data) {
        // "<" would let a text in the data end the script element that it is in.
        Map<String, String> parts = Map.of(
                "title", title.replace("&", "&amp;").replace("<", "&lt;"),
                "data", JsonWriter.line(data).replace("<", "\\u003c"),
                "report.css", text("report.css"),
                "report.js", text("report.js"),
                "chart.css", text(CHARTS + "uPlot.min.css"),
                "chart.js", text(CHARTS + "uPlot.iife.min.js"));
        return PLACE.matcher(text("report.html"))
                .replaceAll(place -> Matcher.quoteReplacement(Objects.requireNonNull(parts.get(place.group(1)))));
    }

    /**
     * Writes the page, whole or not at all.
     *
     * @throws InputException if there is a file of that name that is no such page
     */
    static void write(Path file, String title, Map<String, Object> data) {
        checkOwn(file);
        AtomicFile.write(file, html(title, data));
    }

    private static void checkOwn(Path file) {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (InputStream in = Files.newInputStream(file)) {
            if (new String(in.readNBytes(1000), StandardCharsets.UTF_8).contains(MARK)) {
                return;
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, "a report", e);
        }
        throw new InputException(file + " exists and is not a report of this program; give --out another name");
    }

    private static String text(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not in the archive");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
