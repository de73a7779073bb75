package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.EncodedExamples;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.eval.Scorer;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.Quantization;
import org.moelora.testing.Published;

/** Fine-tuning of a really trained model on 2,000 rows of a published task, on its float weights and on blocks made of them. */
class QuantizedBaseTest {
    private record Losses(double before, double after) {}

    /** The shortest rows, as time goes with tokens; every eleventh is held out. */
    private static Losses train(Quantization quantization) {
        Path model = Published.file("models/stories260K-hf");
        Examples all = Examples.read(Published.file("tasks/llm-adapters/boolq/train.json"));
        try (Decoder base = Decoder.load(model, DeviceChoice.FASTEST, quantization)) {
            EncodedExamples encoded =
                    new ExampleEncoder(base.tokenizer(), base.config().vocabularySize()).encodeAll(all);
            List<TokenRow> shortest = encoded.rows().stream()
                    .sorted(Comparator.comparingInt((TokenRow row) -> row.length())
                            .thenComparingInt(TokenRow::row))
                    .limit(2200)
                    .toList();
            List<TokenRow> learned = new ArrayList<>();
            List<TokenRow> heldOut = new ArrayList<>();
            for (int i = 0; i < shortest.size(); i++) {
                (i % 11 == 0 ? heldOut : learned).add(shortest.get(i));
            }
            assertThat(learned).hasSize(2000);
            try (Adapter adapter = MoeLora.create(
                    base,
                    MoeLoraConfig.builder()
                            .experts(4)
                            .topK(2)
                            .rank(4)
                            .targets(List.of("q_proj", "v_proj"))
                            .build())) {
                double before = Scorer.score(base.with(adapter), heldOut).loss();
                FineTuner.of(base.with(adapter))
                        .on(new EncodedExamples(learned, 0, 0, 0, List.of(), null))
                        .config(TrainingConfig.builder()
                                .epochs(1)
                                .batchSize(16)
                                .learningRate(2e-3)
                                .build())
                        .run();
                return new Losses(
                        before, Scorer.score(base.with(adapter), heldOut).loss());
            }
        }
    }

    @Test
    void blocksCostLittleOfWhatIsLearned() {
        Losses floats = train(Quantization.NONE);
        Losses eight = train(Quantization.Q8_0);
        Losses four = train(Quantization.Q4_0);
        for (Losses losses : List.of(floats, eight, four)) {
            assertThat(losses.after).isLessThan(losses.before / 4);
        }
        assertThat(eight.after).as("%s, floats %s", eight, floats).isLessThan(floats.after * 1.02);
        assertThat(four.after).as("%s, floats %s", four, floats).isLessThan(floats.after * 1.08);
        // They are different weights: four bits show in what the base alone makes of the rows.
        assertThat(four.before).isNotEqualTo(floats.before);
    }
}
