package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.Tape;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonArray;
import org.moelora.engine.io.JsonObject;

/** Other people's models, read in place where they are beside the project. */
class PublishedModelsTest {
    private static Path model(String name) {
        Path folder = Path.of("../../shared/data/models").resolve(name);
        assumeTrue(Files.exists(folder), "needs ../shared/data/models/" + name + " beside the project");
        return folder;
    }

    @Test
    void stories260kTellsItsPublishedStory() {
        Path folder = model("stories260K-hf");
        JsonObject expected = Json.read(folder.resolve("expected.json")).object("independent");
        try (Decoder decoder = Decoder.load(folder)) {
            String text = Generation.of(decoder.plain(), GenerationOptions.GREEDY.withMaxTokens(200))
                    .text("");
            assertThat(text.strip()).isEqualTo(expected.string("text").strip());
        }
    }

    @Test
    void tinyLlama3HasTheLogitsOfFloat64() {
        Path folder = model("hf-tiny/tiny_llama3");
        JsonObject expected = Json.read(folder.resolve("expected-logits.json"));
        int[] ids = expected.array("ids").integers();
        JsonArray rows = expected.array("logits");
        try (Decoder decoder = Decoder.load(folder);
                Tape tape = Tape.inference(decoder.device())) {
            LanguageModel model = decoder.plain();
            int[] all = new int[ids.length];
            Arrays.setAll(all, i -> i);
            float[] logits = model.logits(
                            tape, model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length}), all)
                    .toArray();
            double largest = 0;
            double off = 0;
            int vocabulary = logits.length / ids.length;
            for (int t = 0; t < ids.length; t++) {
                double[] row = rows.array(t).numbers();
                assertThat(row).hasSize(vocabulary);
                for (int i = 0; i < vocabulary; i++) {
                    largest = Math.max(largest, Math.abs(row[i]));
                    off = Math.max(off, Math.abs(row[i] - logits[t * vocabulary + i]));
                }
            }
            assertThat(off / largest).isLessThan(1e-4);
        }
    }
}
