package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.io.JsonRows;
import org.moelora.io.SafetensorsFile;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;

/** NaN and infinity, planted at known places of a model. */
class NotFiniteTest {
    private static final String EMBEDDING = "model.embed_tokens.weight";

    @TempDir
    private Path temp;

    private final List<TokenRow> rows = named(Vectors.rows("llama"));

    private static List<TokenRow> named(List<TokenRow> rows) {
        return rows.stream()
                .map(row -> new TokenRow(row.inputIds(), row.labels(), null, row.row(), "data.jsonl line " + row.row()))
                .toList();
    }

    /** A copy of the model with one element of a tensor replaced. */
    private Path planted(String tensor, long element, float value) throws IOException {
        Path model = Files.createDirectory(temp.resolve("model"));
        Files.copy(Vectors.path("llama/config.json"), model.resolve("config.json"));
        Path weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(Vectors.path("llama/model.safetensors"));
        ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        try (SafetensorsFile file = SafetensorsFile.open(Vectors.path("llama/model.safetensors"))) {
            long at = Long.BYTES + all.getLong(0) + file.info(tensor).offset() + element * Float.BYTES;
            all.putFloat(Math.toIntExact(at), value);
        }
        Files.write(weights, bytes);
        return model;
    }

    private TrainingReport train(Path model, Path run, boolean skip, List<TokenRow> heldOut) {
        try (Decoder base = Decoder.load(model);
                Adapter adapter = Adapter.create(base, MoeLoraConfig.builder().build(), 5)) {
            return FineTuner.of(base.with(adapter))
                    .onRows(rows)
                    .evaluateOn(heldOut)
                    .config(TrainingConfig.builder()
                            .epochs(2)
                            .batchSize(4)
                            .seed(1)
                            .build())
                    .skipBadRows(skip)
                    .into(run)
                    .run();
        }
    }

    /** The token that is in the fewest rows, of those that are in some. */
    private int rarestToken() {
        return IntStream.range(0, 96)
                .boxed()
                .filter(token -> rowsWith(token).size() > 0)
                .min((a, b) -> Integer.compare(rowsWith(a).size(), rowsWith(b).size()))
                .orElseThrow();
    }

    private List<TokenRow> rowsWith(int token) {
        return rows.stream()
                .filter(row -> Arrays.stream(row.inputIds()).anyMatch(id -> id == token))
                .toList();
    }

    @Test
    void theRowsAndTheModuleAreNamedAndTheRunStandsBeforeThem() throws IOException {
        int token = rarestToken();
        Path model = planted(EMBEDDING, token * 48L, Float.NaN);
        String guilty = rowsWith(token).getFirst().where();
        Path run = temp.resolve("run");
        List<Long> steps = new ArrayList<>();
        assertThatThrownBy(() -> train(model, run, false, List.of()))
                .isInstanceOf(TrainingException.class)
                .hasMessageMatching("step \\d+: the loss is NaN and the gradient norm NaN on data.jsonl line .*"
                        + " alone would do\\), and the first NaN or infinity is in the output of"
                        + " model.embed_tokens; .* stands at step \\d+, the last good one; --skip-bad-rows .*")
                .hasMessageContaining(guilty + " alone");
        JsonRows.read(run.resolve("metrics.jsonl"), line -> steps.add(line.longInteger("step")));
        assertThat(RunSummary.read(run).newest())
                .extracting(RunSummary.Saved::step)
                .isEqualTo((long) steps.size());
    }

    @Test
    void badRowsAreLeftOutAndListed() throws IOException {
        int token = rarestToken();
        Path model = planted(EMBEDDING, token * 48L, Float.POSITIVE_INFINITY);
        Path run = temp.resolve("run");
        TrainingReport report = train(model, run, true, rows);
        assertThat(report.finished()).isTrue();
        assertThat(report.loss()).isFinite();
        assertThat(report.bestEvalLoss()).isFinite();
        TreeSet<Integer> expected = new TreeSet<>();
        rowsWith(token).forEach(row -> expected.add(row.row()));
        for (boolean heldOut : new boolean[] {false, true}) {
            TreeSet<Integer> found = new TreeSet<>();
            report.skipped().stream()
                    .filter(row -> row.heldOut() == heldOut)
                    .forEach(row -> assertThat(found.add(row.row())).isTrue());
            assertThat(found).as("held out %s", heldOut).isEqualTo(expected);
        }
        List<String> listed = new ArrayList<>();
        JsonRows.read(run.resolve("skipped.jsonl"), line -> listed.add(line.string("where")));
        assertThat(listed)
                .containsExactlyElementsOf(
                        report.skipped().stream().map(SkippedRow::where).toList());
        assertThat(RunSummary.read(run).skipped()).isEqualTo(report.skipped());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.layers.0.self_attn.k_proj",
                "model.layers.1.self_attn.q_proj",
                "model.layers.1.mlp.down_proj",
                "model.norm"
            })
    void theFirstModuleIsNamed(String module) throws IOException {
        Path model = planted(module + ".weight", 5, Float.NaN);
        Path run = temp.resolve("run");
        for (boolean skip : new boolean[] {false, true}) { // there is no good row
            assertThatThrownBy(() -> train(model, run, skip, List.of()))
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining("is in the output of " + module + ";");
            if (!skip) {
                assertThat(run).as("after a run without one good step").doesNotExist();
            }
        }
    }

    @Test
    void aHeldOutRowThatIsNotFiniteIsNamed() throws IOException {
        int token = rarestToken();
        Path model = planted(EMBEDDING, token * 48L, Float.NaN);
        List<TokenRow> bad = rowsWith(token);
        List<TokenRow> good = rows.stream().filter(row -> !bad.contains(row)).toList();
        try (Decoder base = Decoder.load(model);
                Adapter adapter = Adapter.create(base, MoeLoraConfig.builder().build(), 5)) {
            FineTuner tuner = FineTuner.of(base.with(adapter))
                    .onRows(good)
                    .evaluateOn(bad.subList(0, 1))
                    .config(TrainingConfig.builder().steps(2L).build());
            assertThatThrownBy(tuner::run)
                    .isInstanceOf(TrainingException.class)
                    .hasMessageStartingWith("evaluation after step 2: the loss is NaN on the held-out rows "
                            + bad.getFirst().where() + ";");
        }
    }
}
