package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.Parameter;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.model.Decoder;

class InspectRoutingTest {
    private static final String LAST = "model.layers.1.self_attn.v_proj";

    @TempDir
    private Path temp;

    private Path data;

    @BeforeEach
    void rows() throws IOException {
        data = Files.writeString(temp.resolve("rows.jsonl"), """
                {"task":"x","input_ids":[1,2,3],"labels":[1,2,3]}
                {"task":"y","input_ids":[4,5,6,7,8],"labels":[4,5,6,7,8]}
                {"task":"x","input_ids":[1,9,2,3],"labels":[1,9,2,3]}
                """);
    }

    /** Writes an adapter of random numbers, with the experts of one linear in an order. */
    private Path adapter(String name, MoeLoraConfig config, int... from) {
        try (Decoder base = Decoder.load(Ran.LLAMA);
                Adapter adapter = Adapter.create(base, config, 0)) {
            Random random = new Random(5);
            for (Parameter parameter : adapter.parameters().parameters()) {
                float[] values = new float[Math.toIntExact(parameter.shape().size())];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (0.3 * random.nextGaussian());
                }
                boolean moved = from.length > 0 && parameter.name().startsWith(LAST + ".");
                int width = parameter.shape().cols();
                // Blocks of A and of the gate lie one under another, those of B side by side.
                boolean side = parameter.name().endsWith("lora_B");
                float[] placed = values.clone();
                int count = from.length;
                for (int i = 0; i < values.length && moved; i++) {
                    int column = i % width;
                    int block = side ? width / count : values.length / count;
                    int at = side ? column : i;
                    placed[i] = values[(side ? i - column : 0) + from[at / block] * block + at % block];
                }
                parameter.set(placed);
            }
            adapter.save(temp.resolve(name));
        }
        return temp.resolve(name);
    }

    private static MoeLoraConfig.Builder mixture() {
        return MoeLoraConfig.builder().experts(4).rank(2);
    }

    private Ran inspect(Path adapter, Object... more) {
        Object[] args = {"inspect", adapter, "--model", Ran.LLAMA, "--data", data};
        Object[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        Ran ran = Ran.of(all);
        assertThat(ran.code()).as(ran.err()).isZero();
        return ran;
    }

    @Test
    void showsAMapOfLinearsAndTheExpertsOfSome() {
        String out = inspect(adapter("a", mixture().build())).out();
        assertThat(out)
                .contains("I(task; expert)", "3 rows of 2 tasks")
                .containsPattern("\n +mean of 4 linears +best linear\n")
                .containsPattern("\nuntrained router +0\\.\\d{3} +0\\.\\d{3}\nthis router +0\\.\\d{3} +0\\.\\d{3}\n")
                .containsPattern("\nlayer +q_proj +v_proj\n0 +0\\.\\d{3} [ ░▒▓█] +0\\.\\d{3}.*\n1 +0\\.")
                .containsPattern("\ntask +expert 0 +expert 1 +expert 2 +expert 3\nx +\\d+\\.\\d .*\ny +\\d+\\.\\d")
                .containsPattern("\nlinear +bits +untrained +load, % +entropy, bits")
                .containsPattern(
                        "\n" + LAST + " +0\\.\\d{3} +0\\.\\d{3} +\\d+\\.\\d to \\d+\\.\\d +\\d\\.\\d\\d of 2\\.00");
        assertThat(out.lines().filter(line -> line.startsWith("Experts of model")))
                .hasSize(3);
        assertThat(out.lines()).noneMatch(line -> line.endsWith(" "));
    }

    /** Nothing printed changes but which expert is which in the linear whose experts changed places. */
    @Test
    void theOrderOfALinearsExpertsChangesNamesOnly() {
        String before = inspect(adapter("a", mixture().build())).out();
        String after = inspect(adapter("b", mixture().build(), 2, 0, 3, 1)).out();
        assertThat(before).contains("Experts of " + LAST);
        assertThat(Files.exists(temp.resolve("b"))).isTrue();
        assertThat(withoutOrder(after)).isEqualTo(withoutOrder(before));
        assertThat(after).isNotEqualTo(before);
    }

    /** The shares of that linear in ascending order. */
    private static String withoutOrder(String out) {
        StringBuilder all = new StringBuilder();
        boolean ofIt = false;
        for (String line : out.lines().toList()) {
            if (line.startsWith("Experts of")) {
                ofIt = line.contains(LAST);
            }
            boolean shares = ofIt && line.matches("[xy] .*");
            all.append(shares ? Arrays.stream(line.split(" +")).sorted().collect(Collectors.joining(" ")) : line)
                    .append('\n');
            ofIt &= !line.isEmpty();
        }
        return all.toString();
    }

    @Test
    void gatesWithoutSelectionsAreMeasuredToo() {
        for (GatePolicy gate : List.of(
                new GatePolicy.Dense(), new GatePolicy.Threshold(0), new GatePolicy.TaskGate(List.of("x", "y"), 4))) {
            Path adapter = adapter(gate.id(), mixture().gate(gate).build());
            assertThat(inspect(adapter).out()).containsPattern("this router +\\d\\.\\d{3}");
        }
    }

    @Test
    void jsonHasTheNumbersOfEveryLinear() {
        JsonObject json = json(inspect(adapter("a", mixture().build()), "--json"));
        assertThat(json.string("method")).isEqualTo("moelora");
        assertThat(json.integer("top_k")).isEqualTo(2);
        JsonObject routing = json.object("routing");
        assertThat(routing.array("tasks").strings()).containsExactly("x", "y");
        assertThat(routing.array("linears").size()).isEqualTo(4);
        double mean = 0;
        for (JsonObject linear : routing.array("linears").objects()) {
            mean += linear.number("information") / 4;
            assertThat(linear.number("untrained")).isBetween(0.0, 1.0);
            assertThat(linear.number("bias")).isCloseTo(3 / (2 * 4 / (1 / 7.0 + 1 / 5.0) * Math.log(2)), within(1e-9));
            assertThat(linear.number("entropy")).isBetween(0.0, 2.0);
            assertThat(linear.number("cosine_same_token")).isBetween(-1.0, 1.0);
            for (String perExpert : List.of("load", "cosine_same_expert", "effective_rank")) {
                assertThat(linear.array(perExpert).size()).isEqualTo(4);
            }
            assertThat(linear.object("shares").array("y").size()).isEqualTo(4);
        }
        assertThat(routing.number("mean_information")).isCloseTo(mean, within(1e-12));
    }

    @Test
    void rowsWithoutTasksShowTheRest() throws IOException {
        Files.writeString(data, "{\"input_ids\":[4,5,6,7,8],\"labels\":[4,5,6,7,8]}\n");
        Path adapter = adapter("a", mixture().build());
        assertThat(inspect(adapter).out())
                .contains("The rows name no task")
                .contains("same expert", "effective rank")
                .doesNotContain("untrained", "layer  ");
        JsonObject linear = json(inspect(adapter, "--json"))
                .object("routing")
                .array("linears")
                .objects()
                .getFirst();
        assertThat(linear.has("information")).isFalse();
        assertThat(linear.number("entropy")).isBetween(0.0, 2.0);
        Files.writeString(data, "{\"task\":\"x\",\"input_ids\":[4,5,6],\"labels\":[4,5,6]}\n");
        assertThat(inspect(adapter).out()).contains("The only task that rows name is \"x\"");
    }

    private static JsonObject json(Ran ran) {
        return Json.parse(ran.out().getBytes(StandardCharsets.UTF_8), "inspect");
    }
}
