package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each mistake gets one sentence that names the culprit, exit code 2, and leaves nothing behind. */
class BadInputTest {
    private static final String WEIGHTS = "model.safetensors";

    @TempDir
    private Path temp;

    private void refused(List<String> named, Object... args) throws IOException {
        List<Path> before = Ran.tree(temp);
        Ran ran = Ran.of(args);
        assertThat(ran.code()).as(ran.err()).isEqualTo(2);
        assertThat(ran.err())
                .startsWith("moelora: ")
                .hasLineCount(1)
                .contains(named)
                .doesNotContain("Exception");
        assertThat(ran.out()).isEmpty();
        assertThat(Ran.tree(temp)).isEqualTo(before);
    }

    private void trainRefused(List<String> named, Path model, Path data, Object... more) throws IOException {
        refused(
                named,
                Stream.concat(
                                Stream.of("train", "--model", model, "--data", data, "--out", temp.resolve("new/out")),
                                Stream.of(more))
                        .toArray());
    }

    private Path rows(String text) throws IOException {
        return Files.writeString(temp.resolve("rows.jsonl"), text);
    }

    @Test
    void aMissingCheckpoint() throws IOException {
        trainRefused(List.of("nowhere", "config.json"), temp.resolve("nowhere"), Ran.LLAMA_ROWS);
    }

    @Test
    void aCheckpointWithoutWeights() throws IOException {
        Path model = Ran.copy(Ran.LLAMA, temp.resolve("model"));
        Files.delete(model.resolve(WEIGHTS));
        trainRefused(List.of(model.toString(), WEIGHTS), model, Ran.LLAMA_ROWS);
    }

    @ParameterizedTest
    @CsvSource({"4", "100", "2000", "-1"})
    void aTruncatedCheckpoint(int length) throws IOException {
        Path model = Ran.copy(Ran.LLAMA, temp.resolve("model"));
        byte[] bytes = Files.readAllBytes(model.resolve(WEIGHTS));
        Files.write(model.resolve(WEIGHTS), Arrays.copyOf(bytes, length < 0 ? bytes.length + length : length));
        trainRefused(List.of(WEIGHTS, "expected"), model, Ran.LLAMA_ROWS);
    }

    @Test
    void aHeaderThatLiesAboutItsLength() throws IOException {
        Path model = Ran.copy(Ran.LLAMA, temp.resolve("model"));
        byte[] bytes = Files.readAllBytes(model.resolve(WEIGHTS));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 60);
        Files.write(model.resolve(WEIGHTS), bytes);
        trainRefused(List.of(WEIGHTS, "expected"), model, Ran.LLAMA_ROWS);
    }

    @Test
    void aShapeThatDoesNotFitTheConfig() throws IOException {
        Path model = Ran.copy(Ran.LLAMA, temp.resolve("model"));
        String config = Files.readString(model.resolve("config.json"));
        String other = config.replaceFirst("\"intermediate_size\": *96", "\"intermediate_size\": 80");
        assertThat(other).isNotEqualTo(config);
        Files.writeString(model.resolve("config.json"), other);
        trainRefused(List.of(WEIGHTS, "mlp", "80", "96"), model, Ran.LLAMA_ROWS);
    }

    @Test
    void anAdapterForAnotherBase() throws IOException {
        Path run = temp.resolve("run");
        assertThat(Ran.of("train", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS, "--out", run, "--steps=1")
                        .code())
                .isZero();
        Path model = Ran.copy(Ran.LLAMA, temp.resolve("model"));
        byte[] bytes = Files.readAllBytes(model.resolve(WEIGHTS));
        bytes[bytes.length - 1] ^= 1;
        Files.write(model.resolve(WEIGHTS), bytes);
        Path adapter = run.resolve("last");
        refused(
                List.of(adapter.toString(), "another base", model.toString()),
                "score",
                "--model",
                model,
                "--adapter",
                adapter,
                "--data",
                Ran.LLAMA_ROWS);
        refused(
                List.of(adapter.toString(), "another base", "architecture"),
                "inspect",
                adapter,
                "--model",
                Ran.VECTORS.resolve("qwen2-bf16"));
    }

    @Test
    void aTruncatedAdapter() throws IOException {
        Path adapter = Ran.copy(Ran.VECTORS.resolve("llama-moelora/adapter-init"), temp.resolve("adapter"));
        Path file = adapter.resolve("adapter_model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        refused(List.of(file.toString(), "expected"), "inspect", adapter);
        trainRefused(List.of(file.toString(), "expected"), Ran.LLAMA, Ran.LLAMA_ROWS, "--init-adapter", adapter);
    }

    @Test
    void dataThatIsNotThereOrEmpty() throws IOException {
        trainRefused(List.of("no-such.jsonl", "expected"), Ran.LLAMA, temp.resolve("no-such.jsonl"));
        Path rows = rows("");
        trainRefused(List.of(rows.toString(), "no rows"), Ran.LLAMA, rows);
        rows("\n\n");
        trainRefused(List.of(rows.toString(), "no rows"), Ran.LLAMA, rows);
    }

    @Test
    void rowsThatCannotBeRead() throws IOException {
        Path rows = rows("{\"input_ids\":[1,2],\"labels\":[1,2]}\n{\"question\":\"?\"}\n");
        trainRefused(List.of(rows.toString(), "2", "question", "instruction"), Ran.LLAMA, rows);
        rows("{\"input_ids\":[1,2],\"labels\":[1,2,3]}\n");
        trainRefused(List.of(rows.toString(), "1", "2 input_ids", "3 labels"), Ran.LLAMA, rows);
        rows("{\"input_ids\":[1,96],\"labels\":[1,96]}\n");
        trainRefused(List.of(rows.toString(), "96", "vocabulary"), Ran.LLAMA, rows);
        rows("{\"input_ids\":[1,2],\n");
        trainRefused(List.of(rows.toString(), "JSON"), Ran.LLAMA, rows);
        rows("{\"prompt\":\"a\",\"completion\":\"b\"}\n");
        trainRefused(List.of(rows.toString(), "tokenizer.json"), Ran.LLAMA, rows);
        rows("{\"input_ids\":[1,2],\"labels\":[-100,-100]}\n");
        trainRefused(List.of(rows.toString(), "no row has a label"), Ran.LLAMA, rows);
    }

    @ParameterizedTest
    @CsvSource({
        "--top-k=1, top-k",
        "--top-k=9, top-k",
        "--experts=1, experts",
        "--rank=0, rank",
        "--rank=x, --rank",
        "--alpha=-1, alpha",
        "--dropout=1, dropout",
        "--targets=r_proj, r_proj",
        "--gate=soft, --gate",
        "--method=vera, --method",
        "--schedule=step, schedule",
        "--warmup=lots, --warmup",
        "--contrast-warmup=101%, --contrast-warmup",
        "--batch-size=0, batch-size",
        "--steps=0, steps",
        "--learning-rate=0, learning-rate",
        "--max-length=1, --max-length",
        "--max-pairs=1, max-pairs",
        "--max-memory=lots, --max-memory",
        "--max-memory=0g, --max-memory",
        "--max-memory=12, --max-memory",
        "--eval-split=1, --eval-split",
        "--eval-every=2, --eval-every",
        "--threads=-1, threads",
        "--device=gpu, gpu",
        "--no-such-flag, --no-such-flag",
    })
    void aFlagOutOfRange(String flag, String named) throws IOException {
        trainRefused(List.of(named), Ran.LLAMA, Ran.LLAMA_ROWS, flag);
    }

    @ParameterizedTest
    @CsvSource({
        "--experts=4",
        "--top-k=1",
        "--gate=top-k",
        "--balance-weight=0.1",
        "--contrast-warmup=0",
        "--max-pairs=9"
    })
    void aMixturesFlagForLora(String flag) throws IOException {
        trainRefused(List.of(flag.substring(0, flag.indexOf('='))), Ran.LLAMA, Ran.LLAMA_ROWS, "--method=lora", flag);
    }

    @Test
    void lessMemoryThanNeeded() throws IOException {
        String limit = "--max-memory=500k";
        trainRefused(
                List.of(
                        "training takes",
                        "--max-memory allows 1 MB",
                        "--batch-size below 8",
                        "--max-length",
                        "--recompute"),
                Ran.LLAMA,
                Ran.LLAMA_ROWS,
                limit);
        refused(
                List.of("training takes", "--max-memory"),
                "train",
                "--model",
                Ran.LLAMA,
                "--data",
                Ran.LLAMA_ROWS,
                limit,
                "--dry-run");
        refused(
                List.of("scoring takes", "--max-memory"),
                "score",
                "--model",
                Ran.LLAMA,
                "--data",
                Ran.LLAMA_ROWS,
                limit);
        refused(
                List.of("answering takes", "--max-memory"),
                "eval",
                "--model",
                Ran.LLAMA,
                "--data",
                Ran.LLAMA_ROWS,
                limit);
        refused(
                List.of("writing takes", "cache", "--max-tokens"),
                "generate",
                "--model",
                Ran.TINY,
                "--prompt=The",
                "--max-tokens=5000",
                limit);
    }

    @Test
    void flagsThatRuleEachOtherOut() throws IOException {
        trainRefused(List.of("--epochs", "--steps"), Ran.LLAMA, Ran.LLAMA_ROWS, "--epochs=1", "--steps=1");
        trainRefused(
                List.of("--eval-data", "--eval-split"),
                Ran.LLAMA,
                Ran.LLAMA_ROWS,
                "--eval-split=0.1",
                "--eval-data",
                Ran.LLAMA_ROWS);
    }

    @Test
    void anOutputFolderThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "mine");
        for (Path out : List.of(file, file.resolve("out"))) {
            refused(
                    List.of(out.toString(), "expected"),
                    "train",
                    "--model",
                    Ran.LLAMA,
                    "--data",
                    Ran.LLAMA_ROWS,
                    "--out",
                    out);
        }
        assertThat(file).hasContent("mine");
    }

    @Test
    void anOutputFolderThatHoldsARun() throws IOException {
        Path out = temp.resolve("out");
        Files.createDirectories(out.resolve("last"));
        refused(List.of(out.toString(), "last"), "train", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS, "--out", out);
    }

    @Test
    void aLossThatIsNoNumber() throws IOException {
        Path model = Ran.copy(Ran.LLAMA, temp.resolve("model"));
        byte[] bytes = Files.readAllBytes(model.resolve(WEIGHTS));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - Float.BYTES, Float.NaN);
        Files.write(model.resolve(WEIGHTS), bytes);
        List<Path> before = Ran.tree(temp);
        endsWithOne("moelora: step 1: the loss is NaN", model);
        assertThat(Ran.tree(temp)).as("after a run without one good step").isEqualTo(before);
    }

    @Test
    void aLearningRateThatIsFarTooLarge() throws IOException {
        endsWithOne("moelora: step ", Ran.LLAMA, "--clip=0", "--warmup=0", "--alpha=1e14", "--learning-rate=1e5");
    }

    /** Not the user's files are wrong but what became of them: exit code 1, again with one sentence. */
    private void endsWithOne(String beginning, Path model, Object... more) {
        Ran ran = Ran.of(Stream.concat(
                        Stream.of(
                                "train", "--model", model, "--data", Ran.LLAMA_ROWS, "--out", temp.resolve("new/out")),
                        Stream.of(more))
                .toArray());
        assertThat(ran.code()).as(ran.err()).isEqualTo(1);
        assertThat(ran.err().lines().filter(line -> line.contains("expected") || line.contains("may help")))
                .hasSize(1);
        assertThat(ran.err().lines().toList().getLast())
                .startsWith(beginning)
                .contains("llama.batches.jsonl line ", "the first NaN or infinity is in", "--learning-rate");
    }

    @Test
    void textWithoutATokenizer() throws IOException {
        refused(List.of("tokenizer.json", Ran.LLAMA.toString()), "generate", "--model", Ran.LLAMA, "--prompt=Hello");
    }

    @Test
    void optionsOfGenerationOutOfRange() throws IOException {
        refused(List.of("top-p"), "generate", "--model", Ran.TINY, "--prompt=Hello", "--top-p=0");
        refused(List.of("max-tokens"), "generate", "--model", Ran.TINY, "--prompt=Hello", "--max-tokens=0");
    }

    @Test
    void dataToInspectWithoutAModelOrAMixture() throws IOException {
        Path adapter = Ran.VECTORS.resolve("llama-moelora/adapter-init");
        refused(List.of("--data", "--model"), "inspect", adapter, "--data", Ran.LLAMA_ROWS);
    }

    @Test
    void noCommandOrAnUnknownOne() throws IOException {
        refused(List.of("--help"));
        refused(List.of("tran"), "tran");
    }
}
