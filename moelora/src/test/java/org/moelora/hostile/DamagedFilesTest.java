package org.moelora.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Lora;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Targets;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.engine.InputException;
import org.moelora.io.GgufFile;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.testing.Heap;

/**
 * Thousands of damaged files: each is opened, and what was opened works, or it is refused by an {@link InputException} of one sentence, without
 * a leak and within a bound of heap. Every case has a seed of its own, which a failure names. {@code -Dmoelora.fuzz=N} tries N of each kind
 * instead of the usual number, and {@code -Dmoelora.fuzz.from=SEED} begins elsewhere.
 */
class DamagedFilesTest {
    private static final long CASES = Long.getLong("moelora.fuzz", 1000);
    private static final long FROM = Long.getLong("moelora.fuzz.from", 1);

    /** What one small file may take: the most is a table with room for 2^24 ids. */
    private static final long HEAP = 256L << 20;

    /** What hangs is stopped after this; the usual case takes a millisecond. */
    private static final Duration LONGEST = Duration.ofSeconds(10);

    private static final String TEXT = "It's 42 o'clock, ~café and more   \n words...";
    private static final GenerationOptions FEW_TOKENS = GenerationOptions.GREEDY.withMaxTokens(3);

    @TempDir
    private Path temp;

    private Path model;
    private Path adapter;
    private Device device;
    private Decoder base;

    @BeforeEach
    void makeGoodFiles() throws IOException {
        model = SmallModel.write(temp.resolve("model"));
        device = Devices.open("cpu-plain", new DeviceOptions(1, true));
        base = Decoder.load(model, device);
        adapter = temp.resolve("adapter");
        try (Adapter fresh = MoeLora.create(
                base,
                MoeLoraConfig.builder()
                        .experts(3)
                        .rank(2)
                        .targets(List.of("q_proj", "down_proj"))
                        .build())) {
            fresh.save(adapter);
        }
        use(base.plain());
    }

    @AfterEach
    void close() {
        base.close();
        device.close();
    }

    @FunctionalInterface
    private interface Damage {
        byte[] of(Mutations mutations, byte[] good);
    }

    private static byte[] textual(Mutations mutations, byte[] good) {
        return mutations.oneIn(4) ? mutations.bytes(good) : mutations.json(good);
    }

    private static void use(LanguageModel view) {
        Decoder decoder = view.decoder();
        if (decoder.tokenizer() == null) {
            Generation.of(view, FEW_TOKENS).ids(List.of(new int[] {1, 2}), (sequence, id) -> true);
        } else {
            decoder.tokenizer().encode(TEXT, true);
            Generation.of(view, FEW_TOKENS).text("ab");
        }
    }

    private void openModel() {
        try (Decoder decoder = Decoder.load(model, device)) {
            use(decoder.plain());
        }
    }

    private void openAdapter() {
        try (Adapter opened = Adapter.load(adapter, base)) {
            use(base.with(opened));
        }
    }

    /** Damages a file over and over, and opens it each time. */
    private void survives(Path file, Damage damage, Runnable open) throws Exception {
        byte[] good = Files.readAllBytes(file);
        open.run();
        long before = device.memoryUse().total();
        int refused = 0;
        for (long seed = FROM; seed < FROM + CASES; seed++) {
            Files.write(file, damage.of(new Mutations(seed), good));
            String which = file.getFileName() + ", seed " + seed;
            if (assertTimeoutPreemptively(LONGEST, () -> refuses(open, which), which)) {
                refused++;
            }
            assertThat(device.memoryUse().total())
                    .as("bytes left leased, seed %d", seed)
                    .isEqualTo(before);
        }
        Files.write(file, good);
        assertThat(refused).as("cases that were refused").isPositive();
    }

    /** Whether it is refused; what is opened, or refused otherwise than it should be, is an error. */
    private static boolean refuses(Runnable open, String which) throws ReflectiveOperationException {
        long heap = Heap.allocatedBytes();
        boolean refused = false;
        try {
            open.run();
        } catch (InputException e) {
            refused = true;
            assertThat(e.getMessage())
                    .as(which)
                    .contains("expected")
                    .hasLineCount(1)
                    .hasSizeLessThan(5000);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(which + ": " + e, e);
        }
        assertThat(Heap.allocatedBytes() - heap).as("bytes of heap, " + which).isLessThan(HEAP);
        return refused;
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void weights() throws Exception {
        survives(model.resolve("model.safetensors"), Mutations::safetensors, this::openModel);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void anIndexOfShards() throws Exception {
        Files.move(model.resolve("model.safetensors"), model.resolve("part.safetensors"));
        Path index = Files.writeString(model.resolve("model.safetensors.index.json"), """
                {"metadata": {"total_size": 4768}, "weight_map": {"model.embed_tokens.weight": "part.safetensors",
                 "model.norm.weight": "part.safetensors"}}""");
        survives(index, DamagedFilesTest::textual, this::openModel);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void configurations() throws Exception {
        survives(model.resolve("config.json"), DamagedFilesTest::textual, this::openModel);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void tokenizers() throws Exception {
        survives(model.resolve("tokenizer.json"), DamagedFilesTest::textual, this::openModel);
        survives(model.resolve("tokenizer_config.json"), DamagedFilesTest::textual, this::openModel);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void adapters() throws Exception {
        survives(adapter.resolve("adapter_model.safetensors"), Mutations::safetensors, this::openAdapter);
        Files.delete(adapter.resolve("adapter_model.safetensors"));
        try (Adapter fresh = MoeLora.create(base, MoeLoraConfig.builder().build())) {
            fresh.save(adapter);
        }
        survives(adapter.resolve("adapter_config.json"), DamagedFilesTest::textual, this::openAdapter);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void adaptersAsPeftHasThem() throws Exception {
        Path peft = temp.resolve("peft");
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .dora(true)
                .targets(new Targets(
                        new Targets.Expression(".*\\.(?:[qk]|down)_proj"),
                        new Targets.Suffixes(List.of("k_proj")),
                        List.of(),
                        List.of()))
                .rankPattern(Map.of("down_proj", 3))
                .alphaPattern(Map.of(".*q_proj", 4.0))
                .build();
        try (Adapter fresh = Lora.create(base, config)) {
            fresh.save(peft);
        }
        adapter = peft;
        survives(peft.resolve("adapter_model.safetensors"), Mutations::safetensors, this::openAdapter);
        survives(peft.resolve("adapter_config.json"), DamagedFilesTest::textual, this::openAdapter);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void modelsInOneFile() throws Exception {
        Path file = SmallModel.gguf(model, temp.resolve("model.gguf"));
        int header;
        try (GgufFile good = GgufFile.open(file)) {
            long data = good.names().stream()
                    .mapToLong(
                            name -> good.info(name).offset() + good.info(name).bytes())
                    .max()
                    .orElseThrow();
            header = (int) (Files.size(file) - data) / 32 * 32;
        }
        model = file;
        survives(file, (mutations, good) -> mutations.gguf(good, header), this::openModel);
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
    void data() throws Exception {
        ExampleEncoder encoder =
                new ExampleEncoder(base.tokenizer(), base.config().vocabularySize()).withMaxLength(64);
        Path lines = Files.writeString(temp.resolve("rows.jsonl"), SmallModel.ROWS);
        survives(lines, DamagedFilesTest::textual, () -> encoder.encodeAll(Examples.read(lines)));
        Path array = Files.writeString(
                temp.resolve("rows.json"),
                "["
                        + SmallModel.ROWS
                                .strip()
                                .lines()
                                .reduce((a, b) -> a + ",\n" + b)
                                .orElseThrow() + "]");
        survives(array, DamagedFilesTest::textual, () -> encoder.encodeAll(Examples.read(array)));
    }
}
