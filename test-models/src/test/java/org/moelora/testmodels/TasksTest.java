package org.moelora.testmodels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
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
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;

/** Reads the committed task files as a stranger would: nothing here knows how they were generated. */
class TasksTest {
    private static final Path TASKS = Path.of("tasks");
    private static final Set<String> ARITHMETIC = Set.of("gsm8k", "aqua", "addsub", "multiarith", "singleeq", "svamp");
    private static final Set<String> COMMON_SENSE = Set.of("boolq", "piqa", "obqa", "arc-e", "arc-c");
    private static final Map<String, Integer> OPTIONS =
            Map.of("aqua", 5, "boolq", 2, "piqa", 2, "obqa", 4, "arc-e", 4, "arc-c", 4);

    private record Committed(String task, String prompt, String completion) {
        String question() {
            assertThat(prompt).endsWith("\nAnswer:");
            return prompt.substring(0, prompt.length() - "\nAnswer:".length());
        }

        String answer() {
            return completion.strip();
        }

        /** What there is to choose from, as the question lists it. */
        List<String> options() {
            String question = question();
            if (task.equals("boolq")) {
                return List.of("yes", "no");
            }
            return List.of(question.substring(question.lastIndexOf(':') + 2, question.length() - 1)
                    .split(", | or "));
        }
    }

    static Stream<String> tasks() {
        return Stream.concat(ARITHMETIC.stream(), COMMON_SENSE.stream()).sorted();
    }

    static Stream<String> choices() {
        return OPTIONS.keySet().stream().sorted();
    }

    @Test
    void theIndexNamesElevenTasksWithTheirChance() {
        Map<String, Double> chances = new HashMap<>();
        JsonRows.read(TASKS.resolve("tasks.json"), task -> chances.put(task.string("name"), task.number("chance")));
        assertThat(chances.keySet()).isEqualTo(tasks().collect(Collectors.toSet()));
        chances.forEach((task, chance) -> {
            if (OPTIONS.containsKey(task)) {
                assertThat(chance).as(task).isEqualTo(1.0 / OPTIONS.get(task));
            } else {
                assertThat(chance).as(task).isBetween(mostFrequent(task, "train") - 6e-5, 0.12);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void hasEnoughRowsThatAllDiffer(String task) {
        List<Committed> train = rows(task, "train");
        List<Committed> test = rows(task, "test");
        assertThat(train).hasSizeGreaterThanOrEqualTo(500);
        assertThat(test).hasSizeGreaterThanOrEqualTo(200);
        Set<String> prompts = new HashSet<>();
        Stream.concat(train.stream(), test.stream()).forEach(row -> {
            assertThat(row.task()).isEqualTo(task);
            assertThat(row.completion()).matches(" [a-z0-9]+");
            assertThat(prompts.add(row.prompt())).as(row.prompt()).isTrue();
        });
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void aConstantAnswerIsWorthNoMoreThanChance(String task) {
        for (String split : List.of("train", "test")) {
            double chance = task.equals("boolq") ? 0.5 : 0.1;
            assertThat(mostFrequent(task, split)).as(split).isLessThan(chance + 0.07);
        }
    }

    @ParameterizedTest
    @MethodSource("choices")
    void theRightOptionMayStandAnywhere(String task) {
        int options = OPTIONS.get(task);
        int[] places = new int[options];
        List<Committed> rows = rows(task, "train");
        for (Committed row : rows) {
            assertThat(row.options()).as(row.prompt()).doesNotHaveDuplicates().hasSize(options);
            places[row.options().indexOf(row.answer())]++;
        }
        for (int count : places) {
            assertThat(count / (double) rows.size()).isBetween(1.0 / options - 0.06, 1.0 / options + 0.06);
        }
    }

    @Test
    void theSizeOfANumberGivesNothingAway() {
        int[] ranks = new int[5];
        rows("aqua", "train").forEach(row -> {
            int answer = Integer.parseInt(row.answer());
            ranks[
                    (int) row.options().stream()
                            .filter(o -> Integer.parseInt(o) < answer)
                            .count()]++;
        });
        for (int count : ranks) {
            assertThat(count / (double) rows("aqua", "train").size()).isBetween(0.1, 0.3);
        }
    }

    @Test
    void heldOutOperandsNeverOccurTogetherInTheSameTrainingStory() {
        for (String task : ARITHMETIC) {
            Set<String> trained =
                    rows(task, "train").stream().map(TasksTest::operands).collect(Collectors.toSet());
            for (Committed row : rows(task, "test")) {
                assertThat(trained).as(row.prompt()).doesNotContain(operands(row));
            }
        }
    }

    @Test
    void heldOutNounsAreNeverAskedAboutInTraining() {
        Set<String> trained = new TreeSet<>();
        Set<String> heldOut = new TreeSet<>();
        for (String task : COMMON_SENSE) {
            rows(task, "train").forEach(row -> trained.add(subject(row)));
            rows(task, "test").forEach(row -> heldOut.add(subject(row)));
        }
        assertThat(heldOut).hasSizeGreaterThan(25).doesNotContainAnyElementsOf(trained);
    }

    @Test
    void nothingThatATaskAsksIsAskedInThePretrainingText() {
        Set<String> asked = new HashSet<>();
        Corpus corpus = new Corpus(Corpus.SEED);
        long documents = 640_000;
        for (long n = 0; n < documents; n++) {
            String document = corpus.document(n);
            int answer = document.indexOf("\nAnswer:");
            if (answer >= 0) {
                asked.add(lastSentence(document.substring(0, answer)));
            }
        }
        assertThat(asked).contains("What colour is a fox?");
        tasks().flatMap(task -> Stream.concat(rows(task, "train").stream(), rows(task, "test").stream()))
                .forEach(row -> assertThat(asked).as(row.prompt()).doesNotContain(lastSentence(row.question())));
    }

    @Test
    void arithmeticAnswersAreRight() {
        for (Committed row : rows("addsub", "test")) {
            List<Integer> n = numbers(row.question());
            int result = Integer.parseInt(row.answer());
            assertThat(List.of(n.get(0) + n.get(1), n.get(0) - n.get(1)))
                    .as(row.prompt())
                    .contains(result);
        }
        for (Committed row : rows("gsm8k", "test")) {
            List<Integer> n = numbers(row.question());
            int product = n.get(0) * n.get(1);
            assertThat(Integer.parseInt(row.answer())).as(row.prompt()).isIn(product + n.get(2), product - n.get(2));
        }
    }

    @Test
    void generatingAgainGivesTheSameBytes(@TempDir Path again) throws IOException {
        new Tasks().write(again);
        try (Stream<Path> files = Files.walk(again)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(TASKS.resolve(again.relativize(file).toString())).hasSameBinaryContentAs(file);
            }
        }
    }

    private static List<Committed> rows(String task, String split) {
        List<Committed> rows = new ArrayList<>();
        JsonRows.read(
                TASKS.resolve(task).resolve(split + ".jsonl"),
                (JsonObject row) ->
                        rows.add(new Committed(row.string("task"), row.string("prompt"), row.string("completion"))));
        return rows;
    }

    private static double mostFrequent(String task, String split) {
        List<Committed> rows = rows(task, split);
        var counts = rows.stream().collect(Collectors.groupingBy(Committed::answer, Collectors.counting()));
        return counts.values().stream().mapToLong(Long::longValue).max().orElseThrow() / (double) rows.size();
    }

    private static String lastSentence(String question) {
        String asked = question.substring(0, question.indexOf('?') + 1);
        int from = Math.max(asked.lastIndexOf(". "), asked.lastIndexOf('\n'));
        return from < 0 ? asked : asked.substring(from + 1).strip();
    }

    private static List<Integer> numbers(String text) {
        return Pattern.compile("\\d+")
                .matcher(text)
                .results()
                .map(match -> Integer.valueOf(match.group()))
                .toList();
    }

    /** The story without names, things and numbers, and its numbers in ascending order, those of other things left out. */
    private static String operands(Committed row) {
        String story = row.question().replaceAll(": \\d.*", "");
        Matcher asked = Pattern.compile("How many (\\w+) (are|does|did)").matcher(story);
        if (row.task().equals("svamp")) {
            assertThat(asked.find()).as(story).isTrue();
            String thing = asked.group(1);
            story = story.replaceAll("\\d+ (?!more )(?!" + thing + ")\\w+", "others");
            assertThat(numbers(story)).hasSize(2);
        }
        List<Integer> numbers = numbers(story).stream().sorted().toList();
        for (String word :
                Stream.concat(Cast.NAMES.stream(), Cast.THINGS.stream()).toList()) {
            story = story.replaceAll("\\b" + word + "\\b", "_");
        }
        return story.replaceAll("\\d+", "#") + numbers;
    }

    /** The noun that a row is about: the first after an article. */
    private static String subject(Committed row) {
        Matcher named = Pattern.compile(" an? (\\w+)\\.").matcher(row.question());
        assertThat(named.find()).as(row.prompt()).isTrue();
        return named.group(1);
    }
}
