package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.hostile.OwnJvm;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.io.StoredType;

/** A merged checkpoint answers as base and adapter together do. */
class MergeTest {
    private static final Path VECTORS = Path.of("src/test/resources/vectors");
    private static final int[] IDS = {1, 7, 19, 3, 3, 28, 30, 11, 2, 25};

    @TempDir
    private Path temp;

    /** A LoRA with random numbers on all linears. */
    private static Adapter lora(Decoder base, AdapterConfig config, float size) {
        Adapter adapter = Adapter.create(base, config, 5);
        Random random = new Random(5);
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] values = new float[(int) parameter.shape().size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() * size;
            }
            parameter.set(values);
        }
        return adapter;
    }

    private static LoraConfig.Builder onAllLinears(Decoder base) {
        return LoraConfig.builder()
                .rank(3)
                .alpha(5)
                .targets(base.linears().stream()
                        .map(LinearSite::projection)
                        .distinct()
                        .toList());
    }

    private static void assertClose(float[][] logits, float[][] expected, double tolerance) {
        double largest = 0;
        for (float[] row : expected) {
            for (float value : row) {
                largest = Math.max(largest, Math.abs(value));
            }
        }
        assertThat(largest).isPositive();
        for (int t = 0; t < expected.length; t++) {
            assertThat(logits[t]).as("token %d", t).containsExactly(expected[t], within((float) (largest * tolerance)));
        }
    }

    private static float[][] logitsOf(Path folder) {
        try (Decoder decoder = Decoder.load(folder)) {
            return Logits.ofWhole(decoder.plain(), IDS);
        }
    }

    private static Map<String, float[]> tensors(Path file) {
        Map<String, float[]> all = new TreeMap<>();
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            read.names().forEach(name -> all.put(name, read.readFloats(name)));
        }
        return all;
    }

    @Test
    void aFloat32CheckpointHasTheLogitsOfBaseAndAdapter() {
        Path merged = temp.resolve("merged");
        try (Decoder base = Decoder.load(VECTORS.resolve("llama"));
                Adapter adapter = lora(
                        base,
                        onAllLinears(base)
                                .rankStabilised(true)
                                .rankPattern(Map.of("0.self_attn.q_proj", 5))
                                .alphaPattern(Map.of("down_proj", 1.5))
                                .build(),
                        0.1f)) {
            Merge.of(base, adapter).into(merged);
            float[][] expected = Logits.ofWhole(base.with(adapter), IDS);
            assertClose(logitsOf(merged), expected, 1e-5);
            assertThat(logitsOf(VECTORS.resolve("llama"))[0][0]).isNotCloseTo(expected[0][0], within(1e-3f));
        }
        assertThat(merged.resolve("config.json")).hasSameBinaryContentAs(VECTORS.resolve("llama/config.json"));
        assertThat(temp.toFile().list()).containsExactly("merged");
    }

    /** Weights as [in, out], and several linears side by side. */
    @ParameterizedTest
    @CsvSource({"gpt2, false", "gpt2, true", "phi3, false", "phi3, true", "qwen3, true"})
    void otherLayoutsAreMergedInPlace(String family, boolean dora) throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve("base"), family);
        Path merged = temp.resolve("merged");
        try (Decoder base = Decoder.load(folder);
                Adapter adapter = lora(base, onAllLinears(base).dora(dora).build(), dora ? 0.6f : 0.2f)) {
            Merge.of(base, adapter).into(merged);
            assertClose(logitsOf(merged), Logits.ofWhole(base.with(adapter), IDS), 1e-5);
        }
    }

    @Test
    void namesMayLackTheirFirstPart() throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve("base"), "gpt2");
        Path file = folder.resolve("model.safetensors");
        SafetensorsWriter shorter = new SafetensorsWriter();
        try (SafetensorsFile whole = SafetensorsFile.open(file)) {
            for (String name : whole.names()) {
                shorter.f32(
                        name.replaceFirst("transformer\\.", ""),
                        whole.info(name).shape(),
                        whole.readFloats(name));
            }
        }
        Files.delete(file);
        shorter.write(file);
        Path merged = temp.resolve("merged");
        try (Decoder base = Decoder.load(folder);
                Adapter adapter = lora(base, onAllLinears(base).build(), 0.2f)) {
            Merge.of(base, adapter).into(merged);
            assertClose(logitsOf(merged), Logits.ofWhole(base.with(adapter), IDS), 1e-5);
        }
        assertThat(tensors(merged.resolve("model.safetensors"))).containsKey("h.0.attn.c_attn.weight");
    }

    /** Each number is the nearest bfloat16 to the sum, and what has no adapter is what it was. */
    @Test
    void aBfloat16CheckpointIsRoundedOnce() {
        Path from = VECTORS.resolve("qwen2-bf16");
        Path merged = temp.resolve("merged");
        Path exact = temp.resolve("exact");
        try (Decoder base = Decoder.load(from);
                Adapter adapter =
                        lora(base, onAllLinears(base).targets(List.of("v_proj")).build(), 0.1f)) {
            Merge.of(base, adapter).into(merged);
            Merge.of(base, adapter).as(Merge.Dtype.F32).into(exact);
            float[][] expected = Logits.ofWhole(base.with(adapter), IDS);
            assertClose(logitsOf(exact), expected, 1e-5);
            assertClose(logitsOf(merged), expected, 0.01);
        }
        Map<String, float[]> before = tensors(from.resolve("model.safetensors"));
        Map<String, float[]> sums = tensors(exact.resolve("model.safetensors"));
        try (SafetensorsFile file = SafetensorsFile.open(merged.resolve("model.safetensors"))) {
            assertThat(file.names()).containsExactlyInAnyOrderElementsOf(before.keySet());
            for (String name : file.names()) {
                assertThat(file.info(name).type()).isEqualTo(StoredType.BF16);
                float[] values = file.readFloats(name);
                if (!name.endsWith("v_proj.weight")) {
                    assertThat(values).as(name).containsExactly(before.get(name));
                    continue;
                }
                assertThat(values).isNotEqualTo(before.get(name));
                for (int i = 0; i < values.length; i++) {
                    float sum = sums.get(name)[i];
                    // Eight bits of significand: the nearest is at most half of 2^-7 of the number's power of two away.
                    assertThat((double) values[i]).isCloseTo(sum, within(Math.scalb(1.0, Math.getExponent(sum) - 8)));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"BF16", "F16"})
    void anotherNumberFormatIsThatOfAllTensorsAndOfTheConfig(String name) throws IOException {
        Path from = RandomCheckpoint.write(temp.resolve("base"), "qwen3");
        String config = Files.readString(from.resolve("config.json"));
        Files.writeString(from.resolve("config.json"), config.replaceFirst("\\{", "{\"torch_dtype\": \"float32\", "));
        Path merged = temp.resolve("merged");
        Merge.Dtype dtype = Merge.Dtype.valueOf(name);
        try (Decoder base = Decoder.load(from);
                Adapter adapter = lora(base, onAllLinears(base).build(), 0.1f)) {
            Merge.of(base, adapter).as(dtype).into(merged);
            assertClose(
                    logitsOf(merged), Logits.ofWhole(base.with(adapter), IDS), dtype == Merge.Dtype.F16 ? 0.01 : 0.05);
        }
        try (SafetensorsFile file = SafetensorsFile.open(merged.resolve("model.safetensors"))) {
            assertThat(file.names()).allMatch(tensor -> file.info(tensor).type() == StoredType.valueOf(name));
        }
        assertThat(Files.readString(merged.resolve("config.json")))
                .contains(dtype == Merge.Dtype.F16 ? "\"torch_dtype\": \"float16\"" : "\"torch_dtype\": \"bfloat16\"");
    }

    @Test
    void shardsStayShards() throws IOException {
        Path sharded = Files.createDirectories(temp.resolve("base"));
        Files.copy(VECTORS.resolve("llama/config.json"), sharded.resolve("config.json"));
        Files.writeString(sharded.resolve("tokenizer_config.json"), "{}");
        Files.writeString(sharded.resolve("training_args.bin"), "not of a checkpoint");
        List<String> files = List.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        List<SafetensorsWriter> writers = List.of(new SafetensorsWriter(), new SafetensorsWriter());
        Map<String, String> home = new TreeMap<>();
        try (SafetensorsFile whole = SafetensorsFile.open(VECTORS.resolve("llama/model.safetensors"))) {
            int i = 0;
            for (String name : whole.names()) {
                int shard = i++ % 2;
                writers.get(shard).f32(name, whole.info(name).shape(), whole.readFloats(name));
                home.put(name, files.get(shard));
            }
        }
        for (int i = 0; i < 2; i++) {
            writers.get(i).write(sharded.resolve(files.get(i)));
        }
        Files.writeString(
                sharded.resolve("model.safetensors.index.json"), JsonWriter.pretty(Map.of("weight_map", home)));
        Path merged = temp.resolve("merged");
        try (Decoder base = Decoder.load(sharded);
                Adapter adapter = lora(base, onAllLinears(base).build(), 0.1f)) {
            Merge.of(base, adapter).into(merged);
            assertClose(logitsOf(merged), Logits.ofWhole(base.with(adapter), IDS), 1e-5);
        }
        assertThat(merged.toFile().list())
                .containsExactlyInAnyOrder(
                        files.get(0),
                        files.get(1),
                        "config.json",
                        "tokenizer_config.json",
                        "model.safetensors.index.json");
        for (String file : files) {
            assertThat(tensors(merged.resolve(file)).keySet())
                    .isEqualTo(tensors(sharded.resolve(file)).keySet());
        }
    }

    @Test
    void expertsCannotBeMerged() {
        try (Decoder base = Decoder.load(VECTORS.resolve("llama"));
                Adapter adapter = lora(base, MoeLoraConfig.builder().build(), 0.1f)) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> Merge.of(base, adapter))
                    .withMessageContaining("depends on the token");
        }
    }

    @Test
    void whatExistsIsNotReplaced() throws IOException {
        Path taken = Files.createDirectory(temp.resolve("taken"));
        try (Decoder base = Decoder.load(VECTORS.resolve("llama"));
                Adapter adapter = lora(base, onAllLinears(base).build(), 0.1f)) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> Merge.of(base, adapter).into(taken))
                    .withMessage(taken + ": exists already; merge into a folder that does not exist yet");
        }
        assertThat(taken).isEmptyDirectory();
    }

    /** 65,504 is the largest number of binary16. */
    @Test
    void aNumberThatTheFormatDoesNotHaveIsRefusedAndNothingIsLeft() throws IOException {
        try (Decoder base = Decoder.load(VECTORS.resolve("llama"));
                Adapter adapter = lora(base, onAllLinears(base).build(), 1000)) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(
                            () -> Merge.of(base, adapter).as(Merge.Dtype.F16).into(temp.resolve("new/merged")))
                    .withMessageContaining("which is no finite number in F16");
        }
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }

    /** Each of the three large matrices has 32 MiB. */
    @Test
    void matricesMayBeLargerThanTheHeap() throws IOException, InterruptedException {
        List<String> lines =
                OwnJvm.run(temp.resolve("log"), List.of("-Xmx24m", "-XX:+UseSerialGC"), LargeMerge.class, temp);
        assertThat(lines).anyMatch(line -> line.matches("heap 2\\d{7}, file 10\\d{7}"));
        // A new adapter changes nothing: W is W0 with the magnitudes that it has.
        Map<String, float[]> before = tensors(temp.resolve("base/model.safetensors"));
        tensors(temp.resolve("merged/model.safetensors")).forEach((name, values) -> {
            float[] was = before.get(name);
            assertThat(values).hasSameSizeAs(was);
            double far = 0;
            for (int i = 0; i < was.length; i++) {
                far = Math.max(far, Math.abs(values[i] - was[i]));
            }
            assertThat(far).as(name).isLessThan(1e-6);
        });
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() throws IOException {
        try (Decoder base = Decoder.load(VECTORS.resolve("llama"));
                Decoder other = Decoder.load(RandomCheckpoint.write(temp.resolve("qwen3"), "qwen3"));
                Adapter adapter = lora(other, onAllLinears(other).build(), 0.1f)) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> Merge.of(base, adapter))
                    .withMessageContaining("expected linears that " + base.source() + " has");
        }
    }
}
