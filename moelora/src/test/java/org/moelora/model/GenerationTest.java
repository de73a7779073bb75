package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.Tape;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

class GenerationTest {
    private static final List<int[]> PROMPTS =
            List.of(new int[] {1, 35, 48}, new int[] {1}, new int[] {1, 7, 7, 20, 3, 41, 66});

    @ParameterizedTest
    @CsvSource({"cpu-plain", "cpu-simd"})
    void theCacheChangesNothing(String name) {
        try (Device device = Devices.open(name, new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.load(Vectors.path("llama-moelora/adapter-trained"), base)) {
            LanguageModel model = base.with(adapter);
            List<int[]> together = Generation.of(model, GenerationOptions.GREEDY.withMaxTokens(12))
                    .ids(PROMPTS, (sequence, id) -> true);
            for (int s = 0; s < PROMPTS.size(); s++) {
                assertThat(together.get(s)).isEqualTo(withoutCache(model, PROMPTS.get(s), 12));
            }
        }
    }

    /** Reads the whole text again for every token. */
    private static int[] withoutCache(LanguageModel model, int[] prompt, int tokens) {
        List<Integer> ids = new ArrayList<>();
        for (int id : prompt) {
            ids.add(id);
        }
        for (int step = 0; step < tokens; step++) {
            try (Tape tape = Tape.inference(model.decoder().device())) {
                int[] all = ids.stream().mapToInt(Integer::intValue).toArray();
                float[] logits = model.logits(
                                tape,
                                model.hidden(tape, AdapterPass.inference(), all, new int[] {0, all.length}),
                                all.length - 1)
                        .toArray();
                int best = 0;
                for (int i = 1; i < logits.length; i++) {
                    best = logits[i] > logits[best] ? i : best;
                }
                if (model.decoder().eosIds().contains(best)) {
                    break;
                }
                ids.add(best);
            }
        }
        return ids.subList(prompt.length, ids.size()).stream()
                .mapToInt(Integer::intValue)
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"0.7, 0, 1", "1.0, 5, 1", "1.3, 0, 0.5"})
    void sameSeedSameText(double temperature, int topK, double topP) {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device)) {
            List<List<Integer>> texts = new ArrayList<>();
            for (long seed : new long[] {1, 1, 2}) {
                int[] ids = Generation.of(base.plain(), new GenerationOptions(24, temperature, topK, topP, seed, false))
                        .ids(List.of(new int[] {1, 2, 3}), (sequence, id) -> true)
                        .getFirst();
                texts.add(java.util.Arrays.stream(ids).boxed().toList());
            }
            assertThat(texts.get(0)).isEqualTo(texts.get(1)).isNotEqualTo(texts.get(2));
            assertThat(device.memoryUse().total()).isPositive();
        }
    }
}
