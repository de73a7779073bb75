package org.moelora.testmodels;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.optim.AdamW;
import org.moelora.io.AtomicFile;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.kernels.Device;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.text.Tokenizer;

/**
 * Pretrains a decoder on the {@link Corpus}: next-token cross-entropy over every token of every document, AdamW, clipping,
 * warm-up and a cosine. Each document is a row of its own, from BOS to EOS, and is seen once.
 *
 * <p>The state of a run is its weights, the optimizer's moments and three counts. {@link #checkpoint} writes them and
 * {@link #resume} goes on from them bit for bit. Used by one thread.
 */
final class Pretraining implements AutoCloseable {
    private static final String WEIGHTS = "weights";
    private static final String FIRST_MOMENT = "moment.1";
    private static final String SECOND_MOMENT = "moment.2";

    /** The rows of one step, one after another. */
    private record Batch(int[] ids, int[] starts) {}

    private final PretrainingSettings settings;
    private final Device device;
    private final Tokenizer tokenizer;
    private final Corpus corpus;
    private final Decoder decoder;
    private final LanguageModel model;
    private final AdamW optimizer;
    private long documents;
    private long tokens;
    private float loss;
    private float gradNorm;

    Pretraining(PretrainingSettings settings, Tokenizer tokenizer, Device device) {
        this.settings = settings;
        this.device = device;
        this.tokenizer = tokenizer;
        corpus = new Corpus(settings.seed());
        decoder = Decoder.trainable(settings.model(), tokenizer, device, settings.seed());
        model = decoder.plain();
        decoder.parameters().startTraining();
        optimizer = new AdamW(
                decoder.parameters(),
                new AdamW.Config(PretrainingSettings.BETA1, PretrainingSettings.BETA2, 1e-8, settings.weightDecay()));
    }

    long steps() {
        return optimizer.steps();
    }

    /** Tokens seen. */
    long tokens() {
        return tokens;
    }

    /** Mean cross-entropy of the last step, before its update. */
    float loss() {
        return loss;
    }

    /** Global gradient norm of the last step, before clipping. */
    float gradNorm() {
        return gradNorm;
    }

    long parameters() {
        return decoder.parameters().count();
    }

    boolean done() {
        return tokens >= settings.tokens();
    }

    /** One step on the next documents. */
    void step() {
        Batch batch = next();
        decoder.parameters().clearGradients();
        try (Tape tape = Tape.recording(device)) {
            Tensor mean = mean(tape, batch);
            tape.backward(mean);
            loss = mean.item();
        }
        gradNorm = optimizer.clip(settings.clip());
        if (!Float.isFinite(loss) || !Float.isFinite(gradNorm)) {
            throw new IllegalStateException("step " + (steps() + 1) + ": loss " + loss + ", gradient norm " + gradNorm);
        }
        optimizer.step(settings.rate(steps() + 1, tokens));
        tokens += batch.ids.length;
    }

    /** Mean cross-entropy over the first documents of another text, which is never trained on. */
    double validationLoss(int count) {
        Corpus other = new Corpus(~settings.seed());
        var rows = new ArrayList<int[]>();
        for (int n = 0; n < count; n++) {
            rows.add(encoded(other.document(n)));
        }
        try (Tape tape = Tape.inference(device)) {
            return mean(tape, batch(rows)).item();
        }
    }

    private Tensor mean(Tape tape, Batch batch) {
        int sequences = batch.starts.length - 1;
        int labels = batch.ids.length - sequences;
        int[] positions = new int[labels];
        int[] targets = new int[labels];
        int at = 0;
        for (int s = 0; s < sequences; s++) {
            for (int t = batch.starts[s]; t + 1 < batch.starts[s + 1]; t++) {
                positions[at] = t;
                targets[at++] = batch.ids[t + 1];
            }
        }
        Tensor hidden = model.hidden(tape, AdapterPass.inference(), batch.ids, batch.starts);
        return model.loss(tape, hidden, positions, targets, 1f / labels);
    }

    private Batch next() {
        var rows = new ArrayList<int[]>();
        for (int length = 0; length < settings.batchTokens(); documents++) {
            int[] row = encoded(corpus.document(documents));
            rows.add(row);
            length += row.length;
        }
        return batch(rows);
    }

    private static Batch batch(List<int[]> rows) {
        int[] starts = new int[rows.size() + 1];
        for (int i = 0; i < rows.size(); i++) {
            starts[i + 1] = starts[i] + rows.get(i).length;
        }
        int[] ids = new int[starts[rows.size()]];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, ids, starts[i], rows.get(i).length);
        }
        return new Batch(ids, starts);
    }

    private int[] encoded(String document) {
        int[] text = tokenizer.encode(document, false);
        int[] row = new int[text.length + 2];
        row[0] = TokenizerFiles.BOS_ID;
        System.arraycopy(text, 0, row, 1, text.length);
        row[row.length - 1] = TokenizerFiles.EOS_ID;
        return row;
    }

    /** Writes everything that {@link #resume} needs, atomically. */
    void checkpoint(Path file) {
        float[] weights =
                new float[Math.toIntExact(decoder.parameters().values().length())];
        device.read(decoder.parameters().values(), 0, weights);
        float[][] moments = optimizer.moments();
        long[] shape = {weights.length};
        new SafetensorsWriter()
                .metadata("settings", settings.toString())
                .metadata("steps", Long.toString(steps()))
                .metadata("documents", Long.toString(documents))
                .metadata("tokens", Long.toString(tokens))
                .f32(WEIGHTS, shape, weights)
                .f32(FIRST_MOMENT, shape, moments[0])
                .f32(SECOND_MOMENT, shape, moments[1])
                .write(file);
    }

    /**
     * Goes on from a checkpoint.
     *
     * @throws IllegalArgumentException if it was written under other settings
     */
    void resume(Path file) {
        try (SafetensorsFile checkpoint = SafetensorsFile.open(file)) {
            var counts = checkpoint.metadata();
            if (!settings.toString().equals(counts.get("settings"))) {
                throw new IllegalArgumentException(file + ": written with other settings: " + counts.get("settings"));
            }
            device.write(checkpoint.readFloats(WEIGHTS), decoder.parameters().values(), 0);
            optimizer.restore(
                    new float[][] {checkpoint.readFloats(FIRST_MOMENT), checkpoint.readFloats(SECOND_MOMENT)},
                    count(counts.get("steps")));
            documents = count(counts.get("documents"));
            tokens = count(counts.get("tokens"));
        }
    }

    private static long count(@Nullable String text) {
        if (text == null) {
            throw new IllegalArgumentException("the checkpoint lacks its counts");
        }
        return Long.parseLong(text);
    }

    /** Writes the model in Hugging Face's layout. */
    void export(Path folder) {
        ModelFiles.write(decoder, folder);
        AtomicFile.write(folder.resolve("chat_template.jinja"), ModelFiles.CHAT_TEMPLATE);
    }

    @Override
    public void close() {
        optimizer.close();
        decoder.close();
    }
}
