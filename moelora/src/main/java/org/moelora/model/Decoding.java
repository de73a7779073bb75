package org.moelora.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.Kept;
import org.moelora.adapter.RowLayout;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.KeyValueCache;

/**
 * Texts that advance side by side: their cache, what routers decided from their prompts, and logits for the next token of each. While it is open, model and adapter keep
 * their memory. Used by one thread.
 */
final class Decoding implements AutoCloseable {
    private final LanguageModel model;
    private final List<@Nullable String> tasks;
    private final LanguageModel.Uses uses;
    private final KeyValueCache cache;
    private final Kept kept = new Kept();

    /**
     * @param tasks of each text, null where none is known
     * @param first tokens of a text for which there is room at once
     * @param most tokens that a text may have
     */
    Decoding(LanguageModel model, List<@Nullable String> tasks, int first, int most) {
        this.model = model;
        this.tasks = tasks;
        DecoderConfig config = model.decoder().config();
        uses = model.enter();
        try {
            cache = new KeyValueCache(
                    model.decoder().device(), config.layers(), tasks.size(), first, most, config.keyWidth());
        } catch (RuntimeException | Error e) {
            uses.close();
            throw e;
        }
    }

    /**
     * Reads the next tokens of some texts.
     *
     * @param next for each text the tokens to read; none leaves it as it is
     * @param betweenLayers runs before each layer; what it throws ends the pass, after which this can only be closed
     * @return logits [vocabulary] after the last token of each text that was read, in their order
     */
    List<float[]> read(int[][] next, Runnable betweenLayers) {
        int[] added = new int[next.length];
        List<Integer> lasts = new ArrayList<>();
        int total = 0;
        for (int s = 0; s < next.length; s++) {
            added[s] = next[s].length;
            total += added[s];
            if (added[s] > 0) {
                lasts.add(total - 1);
            }
        }
        int[] ids = new int[total];
        int at = 0;
        for (int[] tokens : next) {
            System.arraycopy(tokens, 0, ids, at, tokens.length);
            at += tokens.length;
        }
        try (Tape tape = Tape.inference(model.decoder().device())) {
            Tensor hidden = model.hidden(tape, pass(added), ids, added, cache, betweenLayers);
            float[] all = model.logits(
                            tape,
                            hidden,
                            lasts.stream().mapToInt(Integer::intValue).toArray())
                    .toArray();
            int vocabulary = model.decoder().config().vocabularySize();
            List<float[]> logits = new ArrayList<>();
            for (int row = 0; row < lasts.size(); row++) {
                logits.add(Arrays.copyOfRange(all, row * vocabulary, (row + 1) * vocabulary));
            }
            return logits;
        }
    }

    /** Bytes of the cache. */
    long bytes() {
        return cache.bytes();
    }

    private AdapterPass pass(int[] added) {
        int[] starts = new int[added.length + 1];
        for (int s = 0; s < added.length; s++) {
            starts[s + 1] = starts[s] + added[s];
        }
        return AdapterPass.inference()
                .withRows(RowLayout.ofPrompts(tasks, starts))
                .keeping(kept);
    }

    @Override
    public void close() {
        cache.close();
        uses.close();
    }
}
