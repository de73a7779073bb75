package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.data.EncodedExamples;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;

/** A base, with an adapter or without, for as long as one command runs. */
record View(
        Decoder base, @Nullable Adapter adapter, @Nullable String task) implements AutoCloseable {
    /**
     * Takes a base over.
     *
     * @param task of all texts, or null
     */
    static View of(Decoder base, @Nullable Path adapter, @Nullable String task) {
        try {
            return new View(base, adapter == null ? null : Adapter.load(adapter, base), task);
        } catch (RuntimeException | Error e) {
            base.close();
            throw e;
        }
    }

    LanguageModel model() {
        LanguageModel view = adapter == null ? base.plain() : base.with(adapter);
        return task == null ? view : view.forTask(task);
    }

    ExampleEncoder encoder(LocalDate today) {
        return encoder(base, today);
    }

    /** @param today for chat templates */
    static ExampleEncoder encoder(Decoder base, LocalDate today) {
        return new ExampleEncoder(base.tokenizer(), base.config().vocabularySize())
                .withChatTemplate(base::chatTemplate)
                .withDate(today);
    }

    /**
     * The rows of files that have a label, which is what can be scored; says so if some have none.
     *
     * @param today for chat templates
     * @throws InputException if none has, or one is longer than the model has positions for
     */
    EncodedExamples scorable(List<Path> files, LocalDate today, Streams streams) {
        EncodedExamples encoded = encoder(today).encodeAll(Examples.read(files));
        if (encoded.rows().isEmpty()) {
            throw new InputException(
                    Flags.names(files) + ": no row has a label after its first token; give rows with an answer");
        }
        if (encoded.dropped() > 0) {
            streams.err().println("moelora: rows without a label, left out: " + encoded.dropped());
        }
        encoded.rows().forEach(row -> model().checkLength(row.where(), row.length()));
        return encoded;
    }

    @Override
    public void close() {
        if (adapter != null) {
            adapter.close();
        }
        base.close();
    }
}
