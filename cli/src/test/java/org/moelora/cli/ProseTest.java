package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How this project writes: the words of its Javadoc, messages, help and pages, and the width of its pages. */
class ProseTest {
    private static final Path ROOT = Path.of("..");

    /** Characters of a line of Markdown that could be broken. */
    private static final int WIDTH = 120;

    /** Turns of phrase that need a second reading, or say nothing, and what is written instead. */
    private static final Map<String, String> INSTEAD = new LinkedHashMap<>();

    static {
        INSTEAD.put("nobody", "no one, or the caller, the user, the adapter that does not");
        INSTEAD.put("whoever|whomever|whatsoever", "the one who: a caller, a user, a class");
        INSTEAD.put("((values?|numbers?|losses|which|that) (are|is)|being) not finite|non-?finite", "NaN or infinite");
        INSTEAD.put("(has|have|had) not (enough|the|an?|any|one|two|as many)", "does not have, lacks");
        INSTEAD.put("to the bit", "bit for bit");
        INSTEAD.put("(nothing|anything|something|something else|whatever) (is|was) said", "unless it is set");
        INSTEAD.put("the day it is|so many-th|in vain|anew", "today, every n-th, again");
        INSTEAD.put(
                "thereof|therein|thereby|herein|hereby|wherein|whereby|whence|hence|henceforth|hitherto", "so, in it");
        INSTEAD.put("upon(?! a time)|whilst|amongst|albeit|lest|be it|save for|shall|thus", "on, while, among, though");
        INSTEAD.put("coldness|inverse temperature that|micro-?draw", "the field's own word");
        INSTEAD.put("seamless(ly)?|blazing(ly)?|leverag(e|es|ing)|utili[sz](e|es|ing)", "what it does, in numbers");
        INSTEAD.put("simply|obviously|of course|easily|clearly|basically", "nothing");
    }

    private static final Pattern BANNED = Pattern.compile(
            "\\b(" + INSTEAD.keySet().stream().map(each -> "(?:" + each + ")").collect(Collectors.joining("|"))
                    + ")\\b",
            Pattern.CASE_INSENSITIVE);

    /** What lies between these is written by a program. */
    private static final Pattern BEGIN = Pattern.compile("<!-- (measured|settings).*-->");

    private static final Pattern END = Pattern.compile("<!-- (end|by hand).*-->");

    private static final Pattern CODE = Pattern.compile("`[^`]*`");

    private static List<Path> files(Predicate<String> which) {
        List<Path> files = new ArrayList<>();
        try {
            Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    String name = folder.getFileName().toString();
                    boolean ours = folder.equals(ROOT) || (!name.startsWith(".") && !name.equals("target"));
                    return ours ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (which.test(slashed(file))) {
                        files.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    private static String slashed(Path path) {
        return ROOT.relativize(path).toString().replace('\\', '/');
    }

    private static boolean isPage(String name) {
        return name.endsWith(".md");
    }

    private static boolean isCode(String name) {
        return name.contains("src/main/") && (name.endsWith(".java") || name.endsWith(".cl"));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String place(Path file, int index) {
        return slashed(file) + ":" + (index + 1);
    }

    @Test
    void noBannedWords() {
        List<String> found = new ArrayList<>();
        for (Path file : files(name -> isPage(name) || isCode(name))) {
            if (!BANNED.matcher(text(file)).find()) {
                continue; // far faster than line by line
            }
            List<String> lines = text(file).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                String said = banned(lines.get(i));
                if (!said.isEmpty()) {
                    found.add(place(file, i) + ": " + said);
                }
            }
        }
        assertThat(found).as("words that this project does without").isEmpty();
    }

    /** The first banned word of a line and what is written instead; empty if there is none. */
    private static String banned(String line) {
        Matcher word = BANNED.matcher(line);
        if (!word.find()) {
            return "";
        }
        String instead = INSTEAD.entrySet().stream()
                .filter(entry -> Pattern.compile(entry.getKey(), Pattern.CASE_INSENSITIVE)
                        .matcher(word.group())
                        .matches())
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow();
        return "\"" + word.group() + "\"; expected " + instead;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a gradient that nobody wants          | \"nobody\"; expected no one",
                "if a loss produces values that are not finite | \"that are not finite\"; expected NaN",
                "the device has not enough memory      | \"has not enough\"; expected does not have",
                "Once upon a time                      | ''",
                "the run has not begun                 | ''",
            })
    void isWordByWord(String line, String said) {
        assertThat(banned(line)).startsWith(said);
    }

    /** Tables, code and links cannot be broken; what a program writes is not. */
    @Test
    void pagesHaveOneWidth() {
        List<String> found = new ArrayList<>();
        for (Path file : files(ProseTest::isPage)) {
            boolean code = false;
            boolean written = slashed(file).equals("bench/RESULTS.md");
            List<String> lines = text(file).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                code ^= line.startsWith("```");
                written = (written || BEGIN.matcher(line).find())
                        && !END.matcher(line).find();
                if (line.length() > WIDTH && !code && !written && isText(line)) {
                    found.add(place(file, i) + ": " + line.length() + " characters; expected at most " + WIDTH);
                }
            }
        }
        assertThat(found).as("lines of Markdown that are too long").isEmpty();
    }

    /** Whether a line that is too long can be broken. */
    private static boolean isText(String line) {
        String stripped = line.strip();
        String whole = CODE.matcher(stripped)
                .replaceAll(span -> "x".repeat(span.group().length()));
        return !line.startsWith("    ")
                && !stripped.startsWith("|")
                && !stripped.startsWith("![")
                && whole.lastIndexOf(' ', WIDTH) > 3;
    }
}
