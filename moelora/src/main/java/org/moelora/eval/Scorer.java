package org.moelora.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.moelora.adapter.AdapterPass;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.model.LanguageModel;

/** Log-probabilities of labels under a view. */
public final class Scorer {
    /** Rows are scored together up to this many tokens. */
    private static final int BATCH_TOKENS = 2048;

    private Scorer() {}

    /** Scores those of the rows that take the most memory together: for {@link org.moelora.model.MemoryPlan#of}. */
    public static void rehearse(LanguageModel model, List<TokenRow> rows) {
        List<Batch> batches = Batch.byTokens(rows, BATCH_TOKENS);
        // Layers hold the tokens, the head holds tokens and labels.
        batches.stream().max(Comparator.comparingInt(Batch::tokens)).ifPresent(batch -> score(model, batch.rows()));
        batches.stream()
                .max(Comparator.comparingInt(batch -> batch.tokens() + batch.labels()))
                .ifPresent(batch -> score(model, batch.rows()));
    }

    /** Scores rows in order. Safe to call from several threads. */
    public static Scores score(LanguageModel model, List<TokenRow> rows) {
        List<RowScore> scores = new ArrayList<>();
        for (Batch batch : Batch.byTokens(rows, BATCH_TOKENS)) {
            float[] all;
            try (Tape tape = Tape.inference(model.decoder().device())) {
                AdapterPass pass = AdapterPass.inference().withRows(batch.layout());
                Tensor hidden = model.hidden(tape, pass, batch.ids(), batch.starts());
                all = model.logProbabilities(tape, hidden, batch.positions(), batch.targets());
            } catch (InternalError e) {
                throw model.decoder().explained(e);
            }
            int from = 0;
            for (TokenRow row : batch.rows()) {
                int to = from + row.labelCount();
                scores.add(new RowScore(row.row(), row.task(), Arrays.copyOfRange(all, from, to)));
                from = to;
            }
        }
        return new Scores(scores);
    }
}
