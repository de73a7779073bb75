package org.moelora.model;

import java.util.Arrays;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.Tape;
import org.moelora.engine.ops.KeyValueCache;

/** The logits after each token of a text, [T, vocabulary]. */
final class Logits {
    private Logits() {}

    /** In one pass over the whole text. */
    static float[][] ofWhole(LanguageModel model, int... ids) {
        try (Tape tape = Tape.inference(model.decoder().device())) {
            int[] all = new int[ids.length];
            Arrays.setAll(all, i -> i);
            float[] flat = model.logits(
                            tape, model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length}), all)
                    .toArray();
            int vocabulary = flat.length / ids.length;
            float[][] rows = new float[ids.length][];
            Arrays.setAll(rows, t -> Arrays.copyOfRange(flat, t * vocabulary, (t + 1) * vocabulary));
            return rows;
        }
    }

    /** Token by token, with a cache. */
    static float[][] oneByOne(LanguageModel model, int... ids) {
        DecoderConfig config = model.decoder().config();
        float[][] rows = new float[ids.length][];
        try (KeyValueCache cache =
                new KeyValueCache(model.decoder().device(), config.layers(), 1, 1, ids.length, config.keyWidth())) {
            for (int t = 0; t < ids.length; t++) {
                try (Tape tape = Tape.inference(model.decoder().device())) {
                    rows[t] = model.logits(
                                    tape,
                                    model.hidden(
                                            tape,
                                            AdapterPass.inference(),
                                            new int[] {ids[t]},
                                            new int[] {1},
                                            cache,
                                            () -> {}),
                                    0)
                            .toArray();
                }
            }
        }
        return rows;
    }
}
