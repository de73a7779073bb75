package org.moelora.eval;

import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Example;
import org.moelora.data.Examples;
import org.moelora.engine.InputException;

/**
 * Questions that occur in training data, which say little about a model that was trained on it. LLM-Adapters' math training set, for one, holds most of its
 * own test rows. Immutable.
 *
 * @param hits in the order of the questions
 */
public record Contamination(List<Hit> hits) {
    private static final String INSTRUCTION = "### Instruction:";
    private static final String INPUT = "### Input:";
    private static final String RESPONSE = "### Response:";

    /**
     * A question that occurs.
     *
     * @param file the training data
     * @param where the first row of it that asks the same
     */
    public record Hit(Question question, Path file, String where) {}

    public Contamination {
        hits = List.copyOf(hits);
    }

    /**
     * Looks questions up in training data; of several files with the same question the first counts. Questions are the same if {@link #normalised} texts are: of
     * instruction and input, of a prompt (of Alpaca's and LLM-Adapters' templates, what they are put around), or of one message of a user.
     *
     * @throws InputException if a file cannot be read, or holds a row of {@code text} or {@code input_ids}, which have no question
     */
    public static Contamination of(List<Question> questions, List<Path> training) {
        Set<String> asked = new HashSet<>();
        questions.forEach(question -> asked.add(normalised(text(question.instruction(), question.input()))));
        Map<String, Found> found = new HashMap<>();
        for (Path file : training) {
            for (Example row : Examples.read(file).rows()) {
                for (String text : texts(row)) {
                    String key = normalised(text);
                    if (asked.contains(key)) {
                        found.putIfAbsent(key, new Found(file, row.origin().where()));
                    }
                }
            }
        }
        List<Hit> hits = new ArrayList<>();
        for (Question question : questions) {
            Found in = found.get(normalised(text(question.instruction(), question.input())));
            if (in != null) {
                hits.add(new Hit(question, in.file(), in.where()));
            }
        }
        return new Contamination(hits);
    }

    private record Found(Path file, String where) {}

    /** The questions that do not occur. */
    public List<Question> clean(List<Question> questions) {
        Set<Question> seen = new HashSet<>();
        hits.forEach(hit -> seen.add(hit.question()));
        return questions.stream().filter(question -> !seen.contains(question)).toList();
    }

    /**
     * What is left of a text without case, spaces, punctuation and signs: letters and digits in their compatibility form (Unicode NFKC), in lower case, with one
     * space between digits that something stood between, so that 9.8 is not 98.
     */
    public static String normalised(String text) {
        String plain = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        StringBuilder left = new StringBuilder(plain.length());
        boolean apart = false;
        boolean afterDigit = false;
        for (int i = 0; i < plain.length(); ) {
            int c = plain.codePointAt(i);
            i += Character.charCount(c);
            if (!Character.isLetterOrDigit(c)) {
                apart = true;
                continue;
            }
            boolean digit = Character.isDigit(c);
            if (apart && digit && afterDigit) {
                left.append(' ');
            }
            left.appendCodePoint(c);
            afterDigit = digit;
            apart = false;
        }
        return left.toString();
    }

    private static String text(String instruction, @Nullable String input) {
        return input == null ? instruction : instruction + "\n" + input;
    }

    private static List<String> texts(Example row) {
        return switch (row) {
            case Example.Instruction it -> List.of(text(it.instruction(), it.input()));
            case Example.Completion it -> List.of(unwrapped(it.prompt()));
            case Example.Chat it ->
                it.messages().stream()
                        .filter(message -> message.role() == Example.Role.USER)
                        .map(message -> Objects.requireNonNullElse(message.content(), ""))
                        .toList();
            case Example.Text it -> throw noQuestion(it);
            case Example.Tokens it -> throw noQuestion(it);
        };
    }

    private static InputException noQuestion(Example row) {
        return new InputException(row.origin().where()
                + ": what the row asks is not known; expected training data with an instruction, a prompt or messages");
    }

    /** What stands in a template, without the template. */
    private static String unwrapped(String prompt) {
        int from = prompt.indexOf(INSTRUCTION);
        int to = prompt.lastIndexOf(RESPONSE);
        return from < 0 || to < from
                ? prompt
                : prompt.substring(from + INSTRUCTION.length(), to).replace(INPUT, "\n");
    }
}
