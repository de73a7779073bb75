package org.moelora.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Kept;
import org.moelora.adapter.RowAdapters;
import org.moelora.engine.ops.SequenceCache;

/** One request in a {@link GenerationEngine}, from the moment it was taken on. All but {@link #delivery} is the engine's thread's. */
final class Job {
    final AskedText asked;
    final Delivery delivery;
    final LanguageModel.Uses uses;

    /** Bytes of cache that it may need at its end. */
    final long reserved;

    /** Whether its prompt is read in one pass, as its adapter decides by the whole of it. */
    final boolean whole;

    final List<TextInProgress> texts;

    /** Guesses for each of them. */
    final List<PromptLookup> lookups;

    /** Of each text; the first one's reads the prompt, and the others are copies of it. */
    final List<SequenceCache> caches = new ArrayList<>();

    /** What the adapter decided from the prompt. */
    Kept kept = new Kept();

    /** How many tokens of the prompt have been read. */
    int read;

    /** Whether a pass over its prompt is under way. */
    boolean reading;

    Job(AskedText asked, Delivery delivery, LanguageModel.Uses uses, long reserved) {
        this.asked = asked;
        this.delivery = delivery;
        this.uses = uses;
        this.reserved = reserved;
        Adapter adapter = adapter();
        whole = adapter != null && adapter.readsWholePrompts();
        texts = asked.texts();
        lookups = texts.stream().map(text -> new PromptLookup(prompt())).toList();
    }

    @Nullable Adapter adapter() {
        return asked.model().adapter();
    }

    @Nullable String task() {
        String ofView = asked.model().task();
        return ofView == null ? asked.request().task() : ofView;
    }

    int[] prompt() {
        return asked.prompt();
    }

    RowAdapters.Row row() {
        return new RowAdapters.Row(adapter(), task(), kept);
    }

    /** Why it has to end; null if it may go on. */
    @Nullable FinishReason stopped() {
        return delivery.isAbandoned() ? FinishReason.CANCELLED : asked.stopped();
    }

    boolean ended() {
        return texts.stream().allMatch(TextInProgress::ended);
    }

    void end(FinishReason why) {
        texts.forEach(text -> text.end(why, delivery));
    }

    /** Hands the texts over; all have ended. */
    void deliver() {
        delivery.end(texts.stream().map(TextInProgress::completion).toList());
    }
}
