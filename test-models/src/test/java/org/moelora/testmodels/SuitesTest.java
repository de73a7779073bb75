package org.moelora.testmodels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.io.JsonRows;
import org.moelora.text.Tokenizer;

/** Reads the committed suites as a stranger would: rules are told from the text alone, and answers computed from it again. */
class SuitesTest {
    private static final Path SUITES = Path.of("suites");
    private static final Path CONFLICT = SUITES.resolve("conflict");
    private static final Pattern COUNTS =
            Pattern.compile("(?:This is sort (\\w+)\\. )?(\\w+) has (\\d+) (\\w+) and (\\d+) (\\w+)\\. What is it\\?");
    private static final Pattern THINGS = Pattern.compile(
            "(?:This is sort (\\w+)\\. )?In the (\\w+) \\w+ looks at an? (\\w+) and an? (\\w+)\\. What is it\\?");
    private static final Map<String, String> NAMED = Map.of(
            "one", "sum",
            "two", "first-number",
            "three", "last-counted",
            "four", "first-colour",
            "five", "last-kind",
            "six", "last-thing");

    private record Committed(String task, String prompt, String completion) {
        String question() {
            assertThat(prompt).endsWith("\nAnswer:");
            return prompt.substring(0, prompt.length() - "\nAnswer:".length());
        }
    }

    /** A question's rule and its answer, as its text alone tells them. */
    private record Reading(String task, String answer) {}

    static Stream<String> tasks() throws IOException {
        try (Stream<Path> folders = Files.list(CONFLICT)) {
            return folders.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList().stream();
        }
    }

    @Test
    void theIndexNamesEachFolderAndHalfOfTheTasksAreNotNamedInTheirPrompts() throws IOException {
        Map<String, Boolean> named = new HashMap<>();
        Map<String, Double> chances = new HashMap<>();
        JsonRows.read(CONFLICT.resolve("tasks.json"), task -> {
            named.put(task.string("name"), task.flag("named"));
            chances.put(task.string("name"), task.number("chance"));
        });
        assertThat(named.keySet())
                .isEqualTo(tasks().collect(Collectors.toSet()))
                .hasSize(12);
        assertThat(named.values().stream().filter(n -> n).count()).isEqualTo(6);
        named.forEach((task, isNamed) ->
                assertThat(rows(task, "train")).allMatch(row -> row.prompt().startsWith("This is sort ") == isNamed));
        chances.forEach((task, chance) -> {
            long most = rows(task, "train").stream()
                    .collect(Collectors.groupingBy(Committed::completion, Collectors.counting()))
                    .values()
                    .stream()
                    .mapToLong(Long::longValue)
                    .max()
                    .orElseThrow();
            assertThat(chance).as(task).isBetween(0.05, 0.5);
            assertThat(most / 300.0).as(task).isLessThan(chance + 0.06);
        });
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void theTextAloneTellsTheRuleAndItsAnswer(String task) {
        Map<String, List<String>> facts = facts();
        Set<String> prompts = new HashSet<>();
        for (String split : List.of("train", "test")) {
            List<Committed> rows = rows(task, split);
            assertThat(rows).hasSize(split.equals("train") ? 300 : 100);
            for (Committed row : rows) {
                assertThat(row.task()).isEqualTo(task);
                assertThat(prompts.add(row.prompt())).as(row.prompt()).isTrue();
                Reading reading = read(row.question(), facts);
                assertThat(reading.task()).as(row.prompt()).isEqualTo(task);
                assertThat(row.completion()).as(row.prompt()).isEqualTo(" " + reading.answer());
            }
        }
    }

    @Test
    void heldOutNumbersAndNounsAreInNoTrainingRow() {
        Set<String> trained = new TreeSet<>();
        Set<String> heldOut = new TreeSet<>();
        for (String task : Conflict.ALL.stream().map(Conflict.Task::name).toList()) {
            rows(task, "train").forEach(row -> trained.addAll(combinations(row.question())));
            rows(task, "test").forEach(row -> heldOut.addAll(combinations(row.question())));
        }
        assertThat(heldOut).hasSizeGreaterThan(80).doesNotContainAnyElementsOf(trained);
    }

    @Test
    void sumsAndDifferencesThatOneSuiteHoldsOutAreLearntInNeither() {
        for (String task : List.of("sum", "difference")) {
            Set<String> learntThere = elevens("train", task);
            Set<String> askedThere = elevens("test", task);
            Set<String> learntHere = new HashSet<>();
            Set<String> askedHere = new HashSet<>();
            rows(task, "train").forEach(row -> learntHere.addAll(combinations(row.question())));
            rows(task, "test").forEach(row -> askedHere.addAll(combinations(row.question())));
            assertThat(learntHere).as(task).isNotEmpty().doesNotContainAnyElementsOf(askedThere);
            assertThat(askedHere).as(task).isNotEmpty().doesNotContainAnyElementsOf(learntThere);
        }
    }

    /** The pairs of numbers that the eleven tasks add, or subtract. */
    private static Set<String> elevens(String split, String rule) {
        Set<String> pairs = new HashSet<>();
        for (Committed row : read(Path.of("tasks", "addsub", split + ".jsonl"))) {
            List<Integer> n = Pattern.compile("\\d+")
                    .matcher(row.question())
                    .results()
                    .map(number -> Integer.valueOf(number.group()))
                    .toList();
            int sum = n.get(0) + n.get(1);
            if (rule.equals("sum") == row.completion().equals(" " + sum)) {
                pairs.add(pair(n.get(0), n.get(1)));
            }
        }
        assertThat(pairs).isNotEmpty();
        return pairs;
    }

    @Test
    void theBundledModelKnowsTheWords() throws IOException {
        Tokenizer tokenizer = Tokenizer.read(Path.of("tiny", "tokenizer.json"));
        Set<String> words = new TreeSet<>();
        for (String task : tasks().toList()) {
            for (String split : List.of("train", "test")) {
                for (Committed row : rows(task, split)) {
                    assertThat(tokenizer.encode(row.completion(), false))
                            .as(row.completion())
                            .hasSize(1);
                    for (String word : row.question().split("(?=[ .?])")) {
                        words.add(word);
                    }
                }
            }
        }
        for (String word : words) {
            assertThat(tokenizer.encode(word, false).length).as(word).isLessThanOrEqualTo(2);
        }
    }

    @Test
    void arrivalsNameFilesThatAreThereAndEachOnce() {
        Set<String> files = new HashSet<>();
        List<String> names = new ArrayList<>();
        JsonRows.read(SUITES.resolve("arrivals/arrivals.json"), group -> {
            names.add(group.string("name"));
            List<String> train = group.array("train").strings();
            List<String> test = group.array("test").strings();
            assertThat(test)
                    .isEqualTo(train.stream()
                            .map(file -> file.replace("/train.jsonl", "/test.jsonl"))
                            .toList());
            Stream.concat(train.stream(), test.stream()).forEach(file -> {
                assertThat(Path.of(file)).isRegularFile();
                assertThat(files.add(file)).as(file).isTrue();
            });
        });
        assertThat(names).containsExactly("choices", "sums", "counts", "things");
    }

    @Test
    void generatingAgainGivesTheSameBytes(@TempDir Path again) throws IOException {
        new Suites().write(again);
        try (Stream<Path> files = Files.walk(again)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(SUITES.resolve(again.relativize(file).toString())).hasSameBinaryContentAs(file);
            }
        }
    }

    private static Reading read(String question, Map<String, List<String>> facts) {
        Matcher counts = COUNTS.matcher(question);
        if (counts.matches()) {
            int a = Integer.parseInt(counts.group(3));
            int b = Integer.parseInt(counts.group(5));
            String task = counts.group(1) != null
                    ? NAMED.get(counts.group(1))
                    : switch (counts.group(2)) {
                        case "Tom", "Ann", "Ben", "Eva", "Max" -> "difference";
                        case "Kim", "Leo", "Mia", "Sam", "Zoe" -> "last-number";
                        default -> "first-counted";
                    };
            return new Reading(
                    task,
                    switch (task) {
                        case "sum" -> "" + (a + b);
                        case "difference" -> "" + Math.abs(a - b);
                        case "first-number" -> "" + a;
                        case "last-number" -> "" + b;
                        case "first-counted" -> counts.group(4);
                        default -> counts.group(6);
                    });
        }
        Matcher things = THINGS.matcher(question);
        assertThat(things.matches()).as(question).isTrue();
        String task = things.group(1) != null
                ? NAMED.get(things.group(1))
                : switch (things.group(2)) {
                    case "kitchen", "bedroom", "bathroom", "garage" -> "last-colour";
                    case "forest", "sea", "river", "desert", "jungle", "garden", "barn" -> "first-kind";
                    default -> "first-thing";
                };
        String noun = things.group(task.startsWith("first") ? 3 : 4);
        return new Reading(
                task,
                switch (task.substring(task.indexOf('-') + 1)) {
                    case "colour" -> facts.get(noun).get(4);
                    case "kind" -> facts.get(noun).get(2);
                    default -> noun;
                });
    }

    /** The table's cells by noun: word, plural, category, place, colour, size. */
    private static Map<String, List<String>> facts() {
        try {
            return Files.readAllLines(Path.of("src/main/resources/org/moelora/testmodels/nouns.csv")).stream()
                    .map(line -> List.of(line.split(",")))
                    .collect(Collectors.toMap(List::getFirst, cells -> cells));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a held-out row must not share with a training row: its two numbers in whatever order, or each of its nouns. */
    private static List<String> combinations(String question) {
        Matcher counts = COUNTS.matcher(question);
        if (counts.matches()) {
            return List.of(pair(Integer.parseInt(counts.group(3)), Integer.parseInt(counts.group(5))));
        }
        return Pattern.compile(" an? (\\w+)(?= and|\\.)")
                .matcher(question)
                .results()
                .map(noun -> noun.group(1))
                .toList();
    }

    private static String pair(int a, int b) {
        return Math.min(a, b) + " " + Math.max(a, b);
    }

    private static List<Committed> rows(String task, String split) {
        return read(CONFLICT.resolve(task).resolve(split + ".jsonl"));
    }

    private static List<Committed> read(Path file) {
        List<Committed> rows = new ArrayList<>();
        JsonRows.read(
                file,
                row -> rows.add(new Committed(row.string("task"), row.string("prompt"), row.string("completion"))));
        return rows;
    }
}
