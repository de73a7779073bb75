package org.moelora.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Embedding;
import org.moelora.text.Tokenizer;

/** Reads texts and pools the hidden states of each. */
final class EmbeddingRun {
    /** So many tokens make full use of the kernels. */
    static final int BATCH_TOKENS = 2048;

    private final LanguageModel model;
    private final Pooling pooling;
    private final int batchTokens;

    /**
     * @param batchTokens texts are read together up to so many tokens; a longer one is read alone
     */
    EmbeddingRun(LanguageModel model, Pooling pooling, int batchTokens) {
        this.model = model;
        this.pooling = pooling;
        this.batchTokens = batchTokens;
    }

    List<TextEmbedding> of(List<String> texts) {
        List<int[]> rows = new ArrayList<>();
        for (String text : texts) {
            rows.add(tokens(text, "text " + (rows.size() + 1)));
        }
        List<TextEmbedding> all = new ArrayList<>();
        while (all.size() < rows.size()) {
            int from = all.size();
            int to = from + 1;
            int tokens = rows.get(from).length;
            while (to < rows.size() && tokens + rows.get(to).length <= batchTokens) {
                tokens += rows.get(to++).length;
            }
            all.addAll(read(rows.subList(from, to), from));
        }
        return all;
    }

    private int[] tokens(String text, String name) {
        Tokenizer tokenizer = model.decoder().tokenizer();
        if (tokenizer == null) {
            throw new InputException(
                    model.decoder().source()
                            + ": there is no tokenizer; expected tokenizer.json in the folder, or one in the GGUF file, as embeddings are of texts");
        }
        int[] ids = tokenizer.encode(text, true);
        if (ids.length == 0) {
            throw new InputException(name + " has no tokens; expected at least one");
        }
        model.checkLength(name, ids.length);
        return ids;
    }

    /**
     * @param before how many texts come before these, for messages
     */
    private List<TextEmbedding> read(List<int[]> rows, int before) {
        int[] starts = new int[rows.size() + 1];
        for (int r = 0; r < rows.size(); r++) {
            starts[r + 1] = starts[r] + rows.get(r).length;
        }
        int[] ids = rows.stream().flatMapToInt(Arrays::stream).toArray();
        float[] states;
        try (Tape tape = Tape.inference(model.decoder().device())) {
            Tensor hidden = model.hidden(tape, AdapterPass.inference(), ids, starts);
            if (pooling == Pooling.LAST) {
                int[] lasts = new int[rows.size()];
                Arrays.setAll(lasts, r -> starts[r + 1] - 1);
                hidden = Embedding.gather(tape, tape.ints(lasts), hidden);
            }
            states = hidden.toArray();
        } catch (InternalError e) {
            throw model.decoder().explained(e);
        }
        int width = model.decoder().config().hiddenSize();
        List<TextEmbedding> embeddings = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            boolean last = pooling == Pooling.LAST;
            double[] sum = sum(states, width, last ? r : starts[r], last ? r + 1 : starts[r + 1]);
            String name = "text " + (before + r + 1);
            embeddings.add(new TextEmbedding(normalised(sum, name), rows.get(r).length));
        }
        return embeddings;
    }

    /** {@code sum_t h_t}; what it is divided by does not change its direction. */
    private static double[] sum(float[] states, int width, int from, int to) {
        double[] sum = new double[width];
        for (int t = from; t < to; t++) {
            for (int i = 0; i < width; i++) {
                sum[i] += states[t * width + i];
            }
        }
        return sum;
    }

    /** {@code v / |v|}. */
    private static float[] normalised(double[] v, String name) {
        double length = Math.sqrt(Arrays.stream(v).map(each -> each * each).sum());
        if (!(length > 0) || Double.isInfinite(length)) {
            throw new InputException(name + ": its hidden states sum to a vector of the length " + length
                    + ", which has no direction; expected a model and an adapter whose numbers are finite");
        }
        float[] values = new float[v.length];
        for (int i = 0; i < v.length; i++) {
            values[i] = (float) (v[i] / length);
        }
        return values;
    }
}
