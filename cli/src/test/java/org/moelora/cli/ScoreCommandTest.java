package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.data.TokenRow;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;
import org.moelora.io.JsonWriter;

class ScoreCommandTest {
    private static final int TOKEN = 5;

    @TempDir
    private Path temp;

    private static JsonObject json(String line) {
        return Json.parse(line.getBytes(StandardCharsets.UTF_8), "output");
    }

    /** The first rows with one more token, which alone has a label. */
    private Path rowsThatEndWithTheToken(Path batches, int count) throws IOException {
        List<String> lines = new ArrayList<>();
        JsonRows.read(batches, row -> {
            if (lines.size() < count) {
                int[] ids = row.array("input_ids").integers();
                int[] longer = Arrays.copyOf(ids, ids.length + 1);
                longer[ids.length] = TOKEN;
                int[] labels = new int[longer.length];
                Arrays.fill(labels, TokenRow.IGNORED);
                labels[ids.length] = TOKEN;
                lines.add(JsonWriter.line(Map.of("input_ids", longer, "labels", labels)));
            }
        });
        return Files.write(temp.resolve("rows.jsonl"), lines);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-moelora, cpu-plain",
        "llama-moelora, cpu-simd",
        "llama-moelora-zero-b, cpu-simd",
        "qwen2-moelora-all-linears, cpu-plain",
        "qwen2-moelora-all-linears, cpu-simd",
    })
    void logProbabilitiesAreTheReferences(String name, String device) throws IOException {
        Path folder = Ran.VECTORS.resolve(name);
        JsonObject settings = Json.read(folder.resolve("training.json"));
        List<String> base = List.of(
                "score",
                "--model=" + Ran.VECTORS.resolve(settings.string("model")),
                "--data=" + rowsThatEndWithTheToken(Ran.VECTORS.resolve(settings.string("batches")), 3),
                "--device=" + device,
                "--per-token",
                "--json");
        check(folder.resolve("logits-base.jsonl"), base);
        List<String> adapted = new ArrayList<>(base);
        adapted.add("--adapter=" + folder.resolve("adapter-trained"));
        check(folder.resolve("logits-after.jsonl"), adapted);
    }

    private static void check(Path logitsFile, List<String> args) throws IOException {
        Ran ran = Ran.of(args.toArray());
        assertThat(ran.code()).as(ran.err()).isZero();
        List<String> lines = ran.out().lines().toList();
        List<String> expected = Files.readAllLines(logitsFile);
        assertThat(lines).hasSize(3);
        for (int i = 0; i < lines.size(); i++) {
            double[] logits = Arrays.stream(
                            expected.get(i).replaceAll("[\\[\\]]", "").split(","))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            double largest = Arrays.stream(logits).map(Math::abs).max().orElseThrow();
            double sum = Arrays.stream(logits).map(Math::exp).sum();
            JsonObject row = json(lines.get(i));
            assertThat(row.names()).containsExactly("row", "loss", "tokens", "logprobs");
            assertThat(row.integer("row")).isEqualTo(i);
            assertThat(row.integer("tokens")).isEqualTo(1);
            double found = -row.number("loss");
            assertThat(found).isCloseTo(logits[TOKEN] - Math.log(sum), within(1e-5 * largest));
            assertThat(row.array("logprobs").size()).isEqualTo(1);
        }
    }

    @Test
    void tasksAreReportedApartAndTogether() throws IOException {
        Path data = Files.writeString(temp.resolve("rows.jsonl"), """
                {"task":"a","input_ids":[1,2,3,4],"labels":[-100,2,3,4]}
                {"task":"b","input_ids":[9,8],"labels":[9,8]}
                {"task":"a","input_ids":[5,6],"labels":[-100,-100]}
                {"task":"a","input_ids":[7,7],"labels":[-100,7]}
                """);
        JsonObject all = json(
                Ran.of("score", "--model", Ran.LLAMA, "--data", data, "--json").out());
        JsonObject a = all.object("tasks").object("a");
        JsonObject b = all.object("tasks").object("b");
        assertThat(List.of(all.integer("tokens"), a.integer("tokens"), b.integer("tokens")))
                .containsExactly(5, 4, 1);
        assertThat(all.integer("rows")).isEqualTo(3);
        assertThat(5 * all.number("loss")).isCloseTo(4 * a.number("loss") + b.number("loss"), within(1e-9));
        assertThat(all.number("perplexity")).isCloseTo(Math.exp(all.number("loss")), within(1e-9));

        Ran rows = Ran.of("score", "--model", Ran.LLAMA, "--data", data, "--per-row", "--json");
        assertThat(rows.out().lines().map(line -> json(line).integer("row"))).containsExactly(0, 1, 3);
        assertThat(rows.err()).isEqualTo("moelora: rows without a label, left out: 1\n");

        Ran text = Ran.of("score", "--model", Ran.LLAMA, "--data", data, "--per-token");
        assertThat(text.out().lines().map(line -> line.replaceAll(" .*", "")))
                .containsExactly("row", "row", "row", "", "a", "b", "all");
    }
}
