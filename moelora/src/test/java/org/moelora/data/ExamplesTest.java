package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;

class ExamplesTest {
    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private Example read(String row) throws IOException {
        return Examples.read(file("one.jsonl", row)).rows().getFirst();
    }

    @Test
    void tellsShapesByTheirFields() throws IOException {
        assertThat(read("{\"input_ids\": [1, 2, 3], \"labels\": [-100, -100, 3]}"))
                .isInstanceOfSatisfying(Example.Tokens.class, row -> {
                    assertThat(row.inputIds()).containsExactly(1, 2, 3);
                    assertThat(row.labels()).containsExactly(-100, -100, 3);
                });
        Origin origin = new Origin(folder.resolve("one.jsonl") + " line 1", 0, null);
        assertThat(read("{\"instruction\": \"do\", \"input\": \"this\", \"output\": \"done\"}"))
                .isEqualTo(new Example.Instruction(origin, "do", "this", "done"));
        assertThat(read("{\"instruction\": \"do\", \"input\": null, \"output\": \"\"}"))
                .isEqualTo(new Example.Instruction(origin, "do", null, ""));
        assertThat(read("{\"prompt\": \"a\", \"completion\": \" b\"}"))
                .isEqualTo(new Example.Completion(origin, "a", " b"));
        assertThat(read("{\"text\": \"all of it\"}")).isEqualTo(new Example.Text(origin, "all of it"));
        assertThat(read("""
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u", "name": null}, {"role": "assistant", "content": "a"}]}\
            """))
                .isEqualTo(new Example.Chat(
                        origin,
                        List.of(
                                new Example.Message(Example.Role.SYSTEM, "s"),
                                new Example.Message(Example.Role.USER, "u"),
                                new Example.Message(Example.Role.ASSISTANT, "a"))));
    }

    @Test
    void takesTheFirstShapeThatARowHasFieldsOf() throws IOException {
        assertThat(read("{\"text\": \"whole\", \"instruction\": \"i\", \"input\": \"\", \"output\": \"o\","
                        + " \"answer\": 3}"))
                .isInstanceOf(Example.Instruction.class);
        assertThat(read("{\"prompt\": null, \"text\": \"t\"}")).isInstanceOf(Example.Text.class);
        assertThat(read("{\"prompt\": \"p\", \"completion\": \"c\", \"input_ids\": [1], \"labels\": [1]}"))
                .isInstanceOf(Example.Tokens.class);
    }

    @Test
    void numbersRowsOverAllFilesAndKeepsTheirTasks() throws IOException {
        Path lines = file("a.jsonl", "{\"text\": \"x\", \"task\": \"t1\"}\n\n{\"text\": \"y\", \"task\": null}\n");
        Path array = file("b.json", " [\n{\"text\": \"z\"}, {\"text\": \"w\", \"task\": \"t2\"}]");
        Examples examples = Examples.read(lines, array);
        assertThat(examples.rows().stream().map(Example::origin))
                .containsExactly(
                        new Origin(lines + " line 1", 0, "t1"),
                        new Origin(lines + " line 3", 1, null),
                        new Origin(array + " row 1", 2, null),
                        new Origin(array + " row 2", 3, "t2"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`{}`, ` has no fields; expected input_ids and labels, messages, instruction and output (and input),"
                        + " prompt and completion, or text`",
                "`{\"question\": \"q\", \"answer\": \"a\"}`, ` has the fields question, answer; expected input_ids and"
                        + " labels`",
                "`{\"input_ids\": [1, 2]}`, ` field \"labels\" is missing; expected an array`",
                "`{\"input_ids\": [1, 2], \"labels\": [1]}`, ` has 2 input_ids and 1 labels; expected as many of each`",
                "`{\"input_ids\": [1], \"labels\": [1, 2]}`, ` has 1 input_ids and 2 labels; expected as many of each`",
                "`{\"input_ids\": [], \"labels\": []}`, ` field \"input_ids\" is an array; expected at least one token"
                        + " id`",
                "`{\"input_ids\": [1, \"2\"], \"labels\": [1, 2]}`, ` field \"input_ids[1]\" is \"2\"; expected an"
                        + " integer`",
                "`{\"input_ids\": [1, 2.5], \"labels\": [1, 2]}`, ` field \"input_ids[1]\" is 2.5; expected an"
                        + " integer`",
                "`{\"input_ids\": [1, 99999999999], \"labels\": [1, 2]}`, ` field \"input_ids[1]\" is 99999999999;"
                        + " expected an integer`",
                "`{\"input_ids\": [1, -2], \"labels\": [1, 2]}`, ` field \"input_ids[1]\" is -2; expected a token id,"
                        + " 0 or more`",
                "`{\"input_ids\": [1, 2], \"labels\": [-100, -1]}`, ` field \"labels[1]\" is -1; expected a token id,"
                        + " or -100 for no loss`",
                "`{\"instruction\": \"i\"}`, ` field \"output\" is missing; expected a string`",
                "`{\"instruction\": \"i\", \"output\": 7}`, ` field \"output\" is 7; expected a string`",
                "`{\"instruction\": \"i\", \"input\": [], \"output\": \"o\"}`, ` field \"input\" is an array; expected"
                        + " a string`",
                "`{\"prompt\": \"p\"}`, ` field \"completion\" is missing; expected a string`",
                "`{\"text\": {}}`, ` field \"text\" is an object; expected a string`",
                "`{\"text\": \"t\", \"task\": 1}`, ` field \"task\" is 1; expected a string`",
                "`{\"messages\": \"hi\"}`, ` field \"messages\" is \"hi\"; expected an array`",
                "`{\"messages\": [\"hi\"]}`, ` field \"messages[0]\" is \"hi\"; expected an object`",
                "`{\"messages\": [{\"role\": \"critic\", \"content\": \"\"}]}`, ` field \"messages[0].role\" is"
                        + " \"critic\"; expected system, user, assistant or tool`",
                "`{\"messages\": [{\"role\": \"user\"}]}`, ` field \"messages[0].content\" is missing; expected a"
                        + " string`",
                "`{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}`, ` has messages without one of the role"
                        + " assistant; expected at least one`",
            })
    void refusesInOneSentenceThatNamesTheRow(String row, String sentence) throws IOException {
        Path lines = file("bad.jsonl", "{\"text\": \"fine\"}\n" + row + "\n");
        assertThatThrownBy(() -> Examples.read(lines))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(lines + " line 2:" + sentence)
                .hasMessageNotContaining("\n");
        Path array = file("bad.json", "[{\"text\": \"fine\"}, " + row + "]");
        assertThatThrownBy(() -> Examples.read(array))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(array + " row 2:" + sentence);
    }

    @Test
    void refusesFilesThatAreMissingOrEmpty() throws IOException {
        Path missing = folder.resolve("missing.jsonl");
        assertThatThrownBy(() -> Examples.read(missing))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(missing + ": there is no such file");
        Path fine = file("fine.jsonl", "{\"text\": \"x\"}");
        for (String text : List.of("", "\n \n", "[]")) {
            Path empty = file("empty", text);
            assertThatThrownBy(() -> Examples.read(fine, empty))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(empty + ": there are no rows; expected at least one");
        }
        assertThatThrownBy(() -> Examples.read()).isInstanceOf(IllegalArgumentException.class);
    }

    private static Examples numbered(int count) {
        List<Example> rows = new ArrayList<>();
        IntStream.range(0, count).forEach(i -> rows.add(new Example.Text(Origin.of(i), "text " + i)));
        return new Examples(rows);
    }

    private static List<Integer> numbers(Examples examples) {
        return examples.rows().stream().map(row -> row.origin().row()).toList();
    }

    @Test
    void splitsIntoTwoPartsThatAreTheWhole() {
        Examples all = numbered(1000);
        Examples.Split split = all.split(0.05, 3);
        assertThat(split.heldOut().size()).isEqualTo(50);
        assertThat(split.train().size()).isEqualTo(950);
        assertThat(numbers(split.train())).isSorted().doesNotContainAnyElementsOf(numbers(split.heldOut()));
        assertThat(numbers(split.heldOut())).isSorted().doesNotHaveDuplicates();
        // Taken from all over the file, not from one end.
        assertThat(numbers(split.heldOut()).getFirst()).isLessThan(200);
        assertThat(numbers(split.heldOut()).getLast()).isGreaterThan(800);
    }

    @Test
    void splitsAsTheSeedSays() {
        Examples all = numbered(200);
        assertThat(all.split(0.1, 3)).isEqualTo(all.split(0.1, 3));
        assertThat(numbers(all.split(0.1, 3).heldOut()))
                .isNotEqualTo(numbers(all.split(0.1, 4).heldOut()));
    }

    @Test
    void leavesAtLeastOneRowOnEachSide() {
        assertThat(numbered(2).split(0.001, 0).heldOut().size()).isEqualTo(1);
        assertThat(numbered(3).split(0.999, 0).train().size()).isEqualTo(1);
        assertThatThrownBy(() -> numbered(1).split(0.5, 0)).isInstanceOf(InputException.class);
        for (double fraction : new double[] {0, 1, -1, Double.NaN}) {
            assertThatThrownBy(() -> numbered(9).split(fraction, 0)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
