package org.moelora.bench.serve;

import java.util.HashMap;
import java.util.Map;
import org.moelora.model.Completion;
import org.moelora.model.Decoder;
import org.moelora.model.GenerationEngine;
import org.moelora.model.Request;

/** What writes texts for several clients at a time. */
interface Service extends AutoCloseable {
    /**
     * When an answer came, in nanoseconds from its request on.
     *
     * @param first the first token
     * @param all the last one
     */
    record Answer(long first, long all, int tokens) {}

    /** Greedily writes so many tokens behind a prompt. */
    Answer ask(int[] prompt, int tokens);

    @Override
    void close();

    /** The engine of this process. */
    static Service ours(Decoder base, int batch) {
        GenerationEngine engine = GenerationEngine.of(base)
                .batch(batch)
                .queue(1000)
                .prefixCache(false)
                .open();
        Map<Integer, Double> noEnd = new HashMap<>();
        base.eosIds().forEach(id -> noEnd.put(id, -100.0));
        return new Service() {
            @Override
            public Answer ask(int[] prompt, int tokens) {
                Completion text = engine.complete(
                        base.plain(),
                        Request.ofIds(prompt).maxTokens(tokens).logitBias(noEnd).build());
                return new Answer(
                        text.firstToken().toNanos(),
                        text.time().toNanos(),
                        text.ids().size());
            }

            @Override
            public void close() {
                engine.close();
            }
        };
    }
}
