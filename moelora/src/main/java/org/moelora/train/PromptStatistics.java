package org.moelora.train;

import java.util.List;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.RouterStatistics;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.Tape;
import org.moelora.model.LanguageModel;

/** What an adapter has to know of the prompts it is for before it learns, or before another one grows on it. */
public final class PromptStatistics {
    /** Rows that go through the model together, by their tokens. */
    private static final int BATCH_TOKENS = 2048;

    private PromptStatistics() {}

    /**
     * Measures them under a view and gives them to its adapter; see {@link RouterStatistics}. A training does so by itself before its first step, if its adapter's
     * router looks at prompts.
     *
     * @param rows of which the first {@link RouterStatistics#ROWS} are looked at
     * @throws IllegalArgumentException if the view has no adapter
     */
    public static void measure(LanguageModel model, List<TokenRow> rows) {
        Adapter adapter = model.adapter();
        if (adapter == null) {
            throw new IllegalArgumentException("this view has no adapter to know prompts");
        }
        RouterStatistics statistics = RouterStatistics.of(adapter);
        List<TokenRow> first = rows.subList(0, Math.min(rows.size(), RouterStatistics.ROWS));
        for (Batch batch : Batch.byTokens(first, BATCH_TOKENS)) {
            try (Tape tape = Tape.inference(model.decoder().device())) {
                model.hidden(tape, statistics.pass().withRows(batch.layout()), batch.ids(), batch.starts());
            }
        }
        statistics.finish();
    }
}
