package org.moelora.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.RowAdapters;
import org.moelora.adapter.RowLayout;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.SequenceCache;

/**
 * The passes of a {@link GenerationEngine}: over a part of one prompt, and over the next token of many texts. What comes out for a text depends on its own tokens and adapter
 * alone: a prompt is a pass of its own, and kernels compute every row of a batch as if it were alone. Used by one thread.
 */
final class BatchPass {
    /**
     * A text that goes on.
     *
     * @param guess tokens that may follow its next one
     */
    record Row(Job job, TextInProgress text, SequenceCache cache, int[] guess) {
        /** Rows of the batch that it has. */
        int tokens() {
            return 1 + guess.length;
        }
    }

    private final Decoder decoder;
    private List<RowAdapters.Row> last = List.of();
    private RowAdapters adapters = RowAdapters.of(List.of());

    BatchPass(Decoder decoder) {
        this.decoder = decoder;
    }

    /** Forgets the rows of the pass before. */
    void forget() {
        last = List.of();
        adapters = RowAdapters.of(List.of());
    }

    /**
     * Reads a job's prompt from where it is to another token.
     *
     * @param betweenLayers runs in each layer; what it throws ends the pass, and the prompt is where it was
     * @return logits [vocabulary] after the prompt; null if it is not at its end
     */
    float @Nullable [] read(Job job, int to, Runnable betweenLayers) {
        int[] ids = Arrays.copyOfRange(job.prompt(), job.read, to);
        SequenceCache.Step step = new SequenceCache.Step(List.of(job.caches.getFirst()), new int[] {ids.length});
        LanguageModel view = job.asked.model();
        AdapterPass pass = AdapterPass.inference()
                .withRows(RowLayout.ofPrompts(Collections.singletonList(job.task()), step.starts()))
                .keeping(job.kept);
        try (Tape tape = Tape.inference(decoder.device())) {
            Lifetime.Use adapter = job.uses.adapter();
            if (adapter != null) {
                tape.use(adapter);
            }
            Tensor hidden = view.hidden(tape, pass, ids, step, betweenLayers);
            float[] logits = to < job.prompt().length
                    ? null
                    : view.logits(tape, hidden, ids.length - 1).toArray();
            step.commit();
            return logits;
        }
    }

    /** Some rows in the order in which one pass computes them: rows with the same adapter side by side. */
    List<Row> together(List<Row> rows) {
        Map<Adapter, Integer> order = new HashMap<>();
        List<Row> sorted = new ArrayList<>(rows);
        for (Row row : rows) {
            Adapter adapter = row.job.adapter();
            if (adapter != null) {
                order.putIfAbsent(adapter, order.size());
            }
        }
        sorted.sort(Comparator.comparingInt(row -> {
            Adapter adapter = row.job.adapter();
            return adapter == null ? -1 : order.getOrDefault(adapter, 0);
        }));
        return sorted;
    }

    /**
     * Reads the next token of each text, and what is guessed to follow it.
     *
     * @return for each text the logits [vocabulary] after each of its tokens
     */
    List<List<float[]>> write(List<Row> rows) {
        int[] added = rows.stream().mapToInt(Row::tokens).toArray();
        int[] ids = rows.stream()
                .flatMapToInt(row -> IntStream.concat(IntStream.of(row.text.next()[0]), IntStream.of(row.guess)))
                .toArray();
        SequenceCache.Step step =
                SequenceCache.Step.ofTokens(rows.stream().map(Row::cache).toList(), added);
        List<RowAdapters.Row> all = rows.stream()
                .flatMap(row -> Collections.nCopies(row.tokens(), row.job.row()).stream())
                .toList();
        if (!all.equals(last)) {
            adapters = RowAdapters.of(all);
            last = all;
        }
        try (Tape tape = Tape.inference(decoder.device())) {
            Tensor hidden = LanguageModel.hidden(tape, decoder, adapters, ids, step);
            float[] logits = LanguageModel.logitsByRow(tape, decoder, hidden).toArray();
            step.commit();
            int vocabulary = decoder.config().vocabularySize();
            List<List<float[]>> ofRows = new ArrayList<>();
            int at = 0;
            for (int tokens : added) {
                List<float[]> ofTokens = new ArrayList<>();
                for (int i = 0; i < tokens; i++, at++) {
                    ofTokens.add(Arrays.copyOfRange(logits, at * vocabulary, (at + 1) * vocabulary));
                }
                ofRows.add(ofTokens);
            }
            return ofRows;
        }
    }
}
