package org.moelora.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Targets;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;

/** Folders that ask for memory they do not have the bytes for, or for files that are not theirs. */
class HostileModelTest {
    private static final String ADAPTER_CONFIG = "adapter_config.json";

    @TempDir
    private Path temp;

    private Path model;
    private Device device;

    @BeforeEach
    void open() throws IOException {
        model = SmallModel.write(temp.resolve("model"));
        device = Devices.open("cpu-plain", new DeviceOptions(1, true));
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    private static void replace(Path file, String from, String to) throws IOException {
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    private void refused(String named) {
        assertThatThrownBy(() -> Decoder.load(model, device))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(named)
                .hasMessageContaining("expected");
    }

    @ParameterizedTest
    @CsvSource({
        "hidden_size\": 8, hidden_size\": 1048576",
        "num_hidden_layers\": 1, num_hidden_layers\": 4096",
        "intermediate_size\": 12, intermediate_size\": 1048576",
        "vocab_size\": 100, vocab_size\": 16777216",
    })
    void aConfigAloneMakesNoMemory(String from, String to) throws IOException {
        replace(model.resolve("config.json"), from, to);
        refused("tensor model.");
        assertThat(device.memoryUse().peak()).isZero();
    }

    @Test
    void anAdaptersConfigAloneMakesNoMemory() throws IOException {
        try (Decoder base = Decoder.load(model, device)) {
            Path folder = temp.resolve("adapter");
            try (Adapter adapter = MoeLora.create(base, MoeLoraConfig.builder().build())) {
                adapter.save(folder);
            }
            replace(folder.resolve(ADAPTER_CONFIG), "\"r\": 4", "\"r\": 4096");
            replace(folder.resolve(ADAPTER_CONFIG), "\"num_experts\": 8", "\"num_experts\": 1024");
            device.resetPeak();
            long before = device.memoryUse().peak();
            assertThatThrownBy(() -> Adapter.load(folder, base))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("expected the shape [4096, 8]");
            assertThat(device.memoryUse().peak()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void anAdapterThatHoldsNoNumbersIsRefused(float value) {
        try (Decoder base = Decoder.load(model, device)) {
            Path folder = temp.resolve("adapter");
            try (Adapter adapter = MoeLora.create(base, MoeLoraConfig.builder().build())) {
                Parameter first = adapter.parameters().parameters().getFirst();
                float[] values = first.toArray();
                values[values.length / 2] = value;
                first.set(values);
                adapter.save(folder);
            }
            assertThatThrownBy(() -> Adapter.load(folder, base))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("q_proj.experts")
                    .hasMessageContaining("expected finite numbers");
        }
    }

    @Test
    void targetsAreBounded() {
        List<String> many = Stream.iterate(0, i -> i + 1)
                .limit(Targets.MAX + 1)
                .map(i -> "t" + i)
                .toList();
        assertThatThrownBy(() -> MoeLoraConfig.builder().targets(many).build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("expected at most");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../secret.safetensors",
                "/etc/passwd",
                "..",
                ".",
                "",
                "a/b.safetensors",
                "a\\\\b",
                "x\\u0000.safetensors",
                "C:x"
            })
    void anIndexNamesFilesOfItsFolderOnly(String name) throws IOException {
        Files.move(model.resolve("model.safetensors"), temp.resolve("secret.safetensors"));
        Files.writeString(model.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"" + name + "\"}}");
        refused("expected a file name in the same folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
    void aLinkOutOfTheFolderIsRefusedWhateverItIs(String name) throws IOException {
        assumeTrue(File.separatorChar == '/', "symbolic links need a privilege elsewhere");
        Files.move(model.resolve(name), temp.resolve("elsewhere"));
        Files.createSymbolicLink(model.resolve(name), Path.of("../elsewhere"));
        refused("a link that leads to");
    }

    @Test
    void aSnapshotOfTheHubsCacheIsReadThroughItsLinks() throws IOException {
        assumeTrue(File.separatorChar == '/', "symbolic links need a privilege elsewhere");
        Path repository = temp.resolve("hub/models--someone--small");
        Path blobs = Files.createDirectories(repository.resolve("blobs"));
        Path snapshot = Files.createDirectories(repository.resolve("snapshots/0a1b2c"));
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.toList()) {
                String hash = "%064x".formatted(file.hashCode());
                Files.move(file, blobs.resolve(hash));
                Files.createSymbolicLink(snapshot.resolve(file.getFileName()), Path.of("../../blobs", hash));
            }
        }
        try (Decoder decoder = Decoder.load(snapshot, device)) {
            assertThat(decoder.tokenizer()).isNotNull();
            assertThat(decoder.plain().generate("ab")).isNotNull();
        }
    }
}
