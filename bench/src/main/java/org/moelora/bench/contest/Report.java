package org.moelora.bench.contest;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.moelora.engine.InputException;

/** Prints a comparison as it goes, and keeps it to be written as Markdown, the figures first. Not thread-safe. */
public final class Report {
    /** What stands in a file of results from this line on was written by hand. */
    public static final String BY_HAND = "<!-- by hand from here on -->";

    private final PrintStream out;
    private final List<String> preface = new ArrayList<>();
    private final List<String> details = new ArrayList<>();
    private final List<Figure> figures = new ArrayList<>();

    public Report(PrintStream out) {
        this.out = out;
    }

    /** A line about the run as a whole. */
    public void preface(String line) {
        out.println(line);
        preface.add("* " + line);
    }

    /** Begins a section. */
    public void section(String title) {
        out.println();
        out.println("== " + title);
        details.add("");
        details.add("## " + title);
        details.add("");
    }

    /** A line within a section. */
    public void line(String text) {
        out.println(text);
        details.add("* " + text);
    }

    /** What happens at the moment; not kept. */
    public void progress(String text) {
        out.println("   " + text);
    }

    /** Figures of a section: printed at once, and again in the table at the end. */
    public void figures(List<Figure> list) {
        Table table = Figure.table();
        list.forEach(figure -> figure.addTo(table));
        table.text().forEach(out::println);
        figures.addAll(list);
    }

    /** A table of a section. */
    public void table(Table table) {
        table.text().forEach(out::println);
        details.add("");
        details.addAll(table.markdown());
        details.add("");
    }

    /** The table of all figures. */
    public void end() {
        out.println();
        out.println("== All figures");
        summary().text().forEach(out::println);
    }

    private Table summary() {
        Table table = Figure.table();
        figures.forEach(figure -> figure.addTo(table));
        return table;
    }

    /** Everything, as Markdown. */
    List<String> markdown() {
        List<String> lines = new ArrayList<>(preface);
        lines.add("");
        lines.addAll(summary().markdown());
        lines.addAll(details);
        return lines;
    }

    /**
     * Writes the figures and everything else as Markdown. What a file of that name has from the line {@link #BY_HAND} on is kept.
     *
     * @throws InputException if the file cannot be read or written
     */
    public void write(Path file, String title) {
        try {
            List<String> kept = Files.exists(file) ? byHand(Files.readAllLines(file)) : List.of();
            List<String> lines = new ArrayList<>(List.of("# " + title, ""));
            lines.addAll(markdown());
            lines.add("");
            lines.addAll(kept.isEmpty() ? List.of(BY_HAND) : kept);
            Files.write(file, lines);
        } catch (IOException e) {
            throw new InputException(file + " cannot be read or written: " + e.getMessage());
        }
    }

    private static List<String> byHand(List<String> lines) {
        return lines.stream().dropWhile(line -> !line.equals(BY_HAND)).toList();
    }
}
