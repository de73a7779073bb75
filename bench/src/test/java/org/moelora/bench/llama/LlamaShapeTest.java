package org.moelora.bench.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.io.SafetensorsFile;
import org.moelora.model.Decoder;

class LlamaShapeTest {
    private static final LlamaShape SMALL = new LlamaShape(16, 24, 2, 2, 1, 8, 40);

    @Test
    void itsCheckpointLoadsAndHasAsManyParameters(@TempDir Path folder) {
        SMALL.write(folder, 1);
        try (Decoder decoder = Decoder.load(folder)) {
            assertThat(decoder.config().layers()).isEqualTo(2);
            assertThat(decoder.config().tiedEmbeddings()).isTrue();
        }
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            long bytes = file.names().stream()
                    .mapToLong(name -> file.segment(name).byteSize())
                    .sum();
            assertThat(bytes).isEqualTo(2 * SMALL.parameters());
        }
    }

    @Test
    void theSameSeedWritesTheSameBytes(@TempDir Path folder) throws IOException {
        SMALL.write(folder.resolve("a"), 1);
        SMALL.write(folder.resolve("b"), 1);
        SMALL.write(folder.resolve("c"), 2);
        assertThat(folder.resolve("b/model.safetensors")).hasSameBinaryContentAs(folder.resolve("a/model.safetensors"));
        assertThat(Files.mismatch(folder.resolve("a/model.safetensors"), folder.resolve("c/model.safetensors")))
                .isNotNegative();
    }

    @Test
    void smolLmHas135MillionParameters() {
        assertThat(LlamaShape.SMOLLM_135M.parameters()).isEqualTo(134_515_008L);
    }

    @Test
    void aSetupSurvivesBeingArguments() {
        for (TrainingSetup setup :
                new TrainingSetup[] {TrainingSetup.MOELORA.withRecompute(true), TrainingSetup.LORA.withRows(2, 5)}) {
            assertThat(TrainingSetup.parse(setup.arguments(), 0)).isEqualTo(setup);
        }
    }
}
