package org.moelora.learn;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.spi.ToolProvider;

/**
 * The lessons, as {@code bin/moelora learn} starts them. The command line does not know this class: it finds a tool by its name, as the JDK's own
 * {@code jar} and {@code javac} are found. {@code java learn/src/main/java/org/moelora/learn/Learn.java 3} needs no build at all.
 */
public final class Learn implements ToolProvider {
    private record Lesson(String title, Consumer<Page> body) {}

    private static final List<Lesson> LESSONS = List.of(
            new Lesson("Three loops, and the walk through memory", Lesson01::tell),
            new Lesson("The roofline: what limits a product", Lesson02::tell),
            new Lesson("Softmax: what a language model says", Lesson03::tell),
            new Lesson("A gradient is a slope", Lesson04::tell),
            new Lesson("The tape, and a sign that is wrong", Lesson05::tell),
            new Lesson("AdamW in a ravine", Lesson06::tell),
            new Lesson("Attention, and what sqrt(d) is for", Lesson07::tell),
            new Lesson("A block, five times: a whole model", Lesson08::tell),
            new Lesson("LoRA, and two adapters averaged wrongly", Lesson09::tell),
            new Lesson("Top-k: a router that learns little", Lesson10::tell),
            new Lesson("Two losses, and a weight that is too large", Lesson11::tell),
            new Lesson("The routed adapter", Lesson12::tell));

    private final Path folder;

    /** Found by {@link java.util.ServiceLoader}. Pictures are written to the working directory. */
    public Learn() {
        this(Path.of(""));
    }

    Learn(Path folder) {
        this.folder = folder;
    }

    @Override
    public String name() {
        return "moelora-learn";
    }

    /** Starts a lesson; see {@code bin/moelora learn}. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(new Learn().run(out, err, args));
    }

    /**
     * Without arguments the table of contents; with a number that lesson, with {@code name=value} for the numbers that it lets one change and {@code
     * --picture} to write its picture as an SVG file; with a number and {@code --check} the lesson's exercise as it stands. Returns 0, or 1 if an
     * exercise is not solved, or 2 for arguments that mean nothing.
     */
    @Override
    public int run(PrintWriter out, PrintWriter err, String... args) {
        try {
            return args.length == 0 ? contents(out) : lesson(out, List.of(args));
        } catch (IllegalArgumentException e) {
            err.print("moelora: " + e.getMessage() + "\n");
            return 2;
        } finally {
            out.flush();
            err.flush();
        }
    }

    private static int contents(PrintWriter out) {
        for (int i = 0; i < LESSONS.size(); i++) {
            out.printf("%4d  %s%n", i + 1, LESSONS.get(i).title());
        }
        out.print("\nbin/moelora learn 1            the lesson\n");
        out.print("bin/moelora learn 1 --picture  the lesson, and its picture as lesson-01.svg, for a browser\n");
        out.print("bin/moelora learn 1 --check    its exercise, learn/exercises/Exercise01.java\n");
        return 0;
    }

    private int lesson(PrintWriter out, List<String> args) {
        int number = number(args.getFirst());
        boolean withPicture = false;
        Map<String, Double> changed = new LinkedHashMap<>();
        for (String arg : args.subList(1, args.size())) {
            if (arg.equals("--check")) {
                return Exercise.check(number, out);
            }
            if (arg.equals("--picture")) {
                withPicture = true;
                continue;
            }
            int at = arg.indexOf('=');
            try {
                changed.put(arg.substring(0, at), Double.valueOf(arg.substring(at + 1)));
            } catch (IndexOutOfBoundsException | NumberFormatException e) {
                throw new IllegalArgumentException(
                        "\"" + arg
                                + "\" means nothing to a lesson; expected --picture, --check, or a name and a number such as rate=0.1",
                        e);
            }
        }
        StringWriter text = new StringWriter(); // printed when all names are known
        Page page = new Page(new PrintWriter(text), changed);
        page.say("Lesson %d: %s", number, LESSONS.get(number - 1).title());
        page.say("");
        LESSONS.get(number - 1).body().accept(page);
        for (String name : changed.keySet()) {
            if (!page.numbers().containsKey(name)) {
                throw new IllegalArgumentException("lesson " + number + " has no number " + name + "; expected one of "
                        + String.join(", ", page.numbers().keySet()));
            }
        }
        if (withPicture) {
            page.say("");
            page.say("Picture: %s", page.picture().write(folder, number, changed));
        }
        page.say("");
        page.say("Exercise: learn/exercises/Exercise%02d.java, then", number);
        page.say("  bin/moelora learn %d --check", number);
        out.print(text);
        return 0;
    }

    private static int number(String arg) {
        if (!arg.matches("[1-9]|1[0-2]")) {
            throw new IllegalArgumentException("\"" + arg + "\" is no lesson; expected 1 to " + LESSONS.size());
        }
        return Integer.parseInt(arg);
    }

    /** The folder in which {@code learn} and {@code test-models} lie: where bin/moelora says, or here, or above. */
    static Path home() {
        Path here = Path.of(System.getProperty("moelora.home", "")).toAbsolutePath();
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("test-models/tiny"))) {
                return folder;
            }
        }
        throw new UncheckedIOException(
                new IOException(here + " has no folder test-models/tiny, nor has any above it; expected the checkout"));
    }
}
