package org.moelora.learn;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a lesson is written on, and the numbers in it that a student may change. */
final class Page {
    /** How a line begins that is different on each machine. */
    static final String MEASURED = "measured here: ";

    private static final int WIDTH = 118;
    private static final String SHADES = " ░▒▓█";

    private final PrintWriter out;
    private final Map<String, Double> changed;
    private final Map<String, Double> numbers = new LinkedHashMap<>();
    private Picture picture = new Picture("", 0, 0);

    Page(PrintWriter out, Map<String, Double> changed) {
        this.out = out;
        this.changed = changed;
    }

    /** A line, or several. Text is wrapped; what begins with a space is a picture, and stays as it is. */
    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    void say(String format, Object... values) {
        String line = String.format(Locale.ROOT, format, values).stripTrailing();
        while (line.length() > WIDTH && !line.startsWith(" ")) {
            int at = line.lastIndexOf(' ', WIDTH);
            out.print(line.substring(0, at) + "\n");
            line = line.substring(at + 1);
        }
        out.print(line + "\n");
    }

    /** A number of the lesson: as usual, unless the command changes it, and then within its range. */
    double number(String name, double usual, double least, double most) {
        numbers.put(name, usual);
        double value = changed.getOrDefault(name, usual);
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "%s is %s; expected %s to %s", name, value, text(least), text(most)));
        }
        return value;
    }

    /** A whole number of the lesson. */
    int whole(String name, int usual, int least, int most) {
        double value = number(name, usual, least, most);
        if (value != Math.rint(value)) {
            throw new IllegalArgumentException(name + " is " + value + "; expected a whole number");
        }
        return (int) value;
    }

    private static String text(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    /** The numbers that the lesson has asked for, and what they usually are. */
    Map<String, Double> numbers() {
        return numbers;
    }

    /** The lesson's picture, for the lesson to draw on. */
    Picture picture(String title, int width, int height) {
        picture = new Picture(title, width, height);
        return picture;
    }

    /** What has been drawn. */
    Picture picture() {
        return picture;
    }

    /** What to find out, by a command that changes a number. */
    void question(String text, String change, int lesson) {
        say("");
        say("Question: %s", text);
        say("  bin/moelora learn %d %s", lesson, change);
    }

    /** A bar of at most {@code width} characters, for a share from 0 to 1. */
    static String bar(double share, int width) {
        int eighths = (int) Math.round(Math.clamp(share, 0, 1) * width * 8);
        return "█".repeat(eighths / 8) + (eighths % 8 == 0 ? "" : "▏▎▍▌▋▊▉".charAt(eighths % 8 - 1));
    }

    /** A character that is darker the nearer a share is to 1. */
    static String shade(double share) {
        int at = (int) Math.round(Math.clamp(share, 0, 1) * (SHADES.length() - 1));
        return String.valueOf(SHADES.charAt(at)).repeat(2);
    }
}
