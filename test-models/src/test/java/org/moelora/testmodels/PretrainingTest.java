package org.moelora.testmodels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.text.Tokenizer;

class PretrainingTest {
    private static final PretrainingSettings SMALL = small(1500, 1e-2);

    private static PretrainingSettings small(long tokens, double rate) {
        var model = ModelFiles.config(16, 32, 1, 2, 1, TokenizerFiles.VOCABULARY);
        return new PretrainingSettings(model, tokens, 128, rate, 2, 0.05, 1.0, 4, 3);
    }

    @Test
    void itLearns() {
        Tokenizer tokenizer = Tokenizer.read(Path.of("tiny", "tokenizer.json"));
        try (Device device = Devices.open(DeviceOptions.DEFAULT);
                var pretraining = new Pretraining(small(8000, 1e-2), tokenizer, device)) {
            // A uniform guess: ln 1536.
            assertThat(pretraining.validationLoss(20)).isBetween(7.2, 7.5);
            for (int i = 0; i < 40; i++) {
                pretraining.step();
            }
            assertThat(pretraining.validationLoss(20)).isLessThan(6.5);
        }
    }

    @Test
    void theBundledModelHasTheTemplateThatIsExported() {
        assertThat(Path.of("tiny", "chat_template.jinja")).hasContent(ModelFiles.CHAT_TEMPLATE);
    }

    @Test
    void aRunThatWasInterruptedEndsAsOneThatWasNot(@TempDir Path folder) {
        Tokenizer tokenizer = Tokenizer.read(Path.of("tiny", "tokenizer.json"));
        Path checkpoint = folder.resolve("checkpoint.safetensors");
        try (Device device = Devices.open(new DeviceOptions(1, false))) {
            try (var whole = new Pretraining(SMALL, tokenizer, device)) {
                for (int i = 0; i < 6; i++) {
                    whole.step();
                }
                whole.checkpoint(folder.resolve("whole"));
            }
            try (var first = new Pretraining(SMALL, tokenizer, device)) {
                for (int i = 0; i < 3; i++) {
                    first.step();
                }
                first.checkpoint(checkpoint);
            }
            try (var second = new Pretraining(SMALL, tokenizer, device)) {
                second.resume(checkpoint);
                assertThat(second.steps()).isEqualTo(3);
                for (int i = 0; i < 3; i++) {
                    second.step();
                }
                second.checkpoint(folder.resolve("resumed"));
            }
        }
        assertThat(folder.resolve("resumed")).hasSameBinaryContentAs(folder.resolve("whole"));
    }

    @Test
    void aCheckpointOfOtherSettingsIsRefused(@TempDir Path folder) {
        Tokenizer tokenizer = Tokenizer.read(Path.of("tiny", "tokenizer.json"));
        Path checkpoint = folder.resolve("checkpoint.safetensors");
        try (Device device = Devices.open(new DeviceOptions(1, false));
                var one = new Pretraining(SMALL, tokenizer, device);
                var other = new Pretraining(small(1500, 2e-2), tokenizer, device)) {
            one.checkpoint(checkpoint);
            assertThatThrownBy(() -> other.resume(checkpoint)).hasMessageContaining("other settings");
        }
    }

    @Test
    void theModelOfAFinishedRunLoads(@TempDir Path folder) throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Path work = Files.createDirectory(folder.resolve("work"));
        Files.copy(Path.of("tiny", "tokenizer.json"), model.resolve("tokenizer.json"));
        Pretrain.run(SMALL, model, work);
        assertThat(Files.readAllLines(model.resolve("pretraining.jsonl")).getLast())
                .contains("\"step\":11,");
        try (Decoder decoder = Decoder.load(model)) {
            assertThat(decoder.config()).isEqualTo(SMALL.model());
        }
    }

    @Test
    void theBundledModelIsSmall() throws IOException {
        long bytes = 0;
        try (var files = Files.list(Path.of("tiny"))) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        assertThat(bytes).isLessThan(8_000_000);
    }
}
