package org.moelora.model;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.moelora.engine.InputException;
import org.moelora.engine.ops.SequenceCache;

/**
 * Answers requests of many threads with one decoder, several at a time (continuous batching: Yu et al. 2022, "Orca"): they join and leave a running batch between two tokens,
 * each with its own options and its own view, so that rows of one batch may have different adapters, or none. A service opens one and keeps it.
 *
 * <pre>{@code
 * try (Decoder base = Decoder.load(folder);
 *         Adapter support = Adapter.load(first, base);
 *         GenerationEngine engine = GenerationEngine.of(base).batch(8).maxMemory(1L << 30).open()) {
 *     CompletableFuture<Completion> answer = engine.submit(base.with(support), Request.of("Q: ...").build());
 *     Completion other = engine.complete(base.plain(), Request.of("Once").maxTokens(40).build());
 * }
 * }</pre>
 *
 * <p><b>Results.</b> A request's text has the same bits alone and in company, and on a CPU those of {@link LanguageModel#complete(Request)}.
 *
 * <p><b>Threads.</b> All methods may be called by any thread. One thread of the engine computes, with the device's workers. What is done with a future or a piece never runs on it:
 * consumers of {@link #submit(LanguageModel, Request, Consumer)} run on a thread of their request, those of {@link #complete} on the caller's.
 *
 * <p><b>Fairness.</b> Requests begin in the order in which they came. Prompts are read in parts, in turn, between the tokens of the running texts, so that a long one does not hold
 * up the others. An adapter that decides by the whole prompt (a router of prompts, one that grew on another) reads it layer by layer in the same way.
 *
 * <p><b>Memory.</b> Keys and values are leased by blocks as tokens come, up to {@link Builder#maxMemory}; a request that might need more is refused at once, and one for
 * which there is no room yet waits. What is left over keeps the prompts of texts that have ended, so that a request which begins like one before reads only what is new;
 * the least recently used goes first. {@link #trim} gives it all back.
 *
 * <p><b>Adapters.</b> A request keeps its adapter's memory until it has ended, also if the adapter is closed meanwhile. An adapter may be closed, and another one used for new
 * requests, at any time; one that is being trained must not be used.
 */
public final class GenerationEngine implements AutoCloseable {
    private final Decoder decoder;
    private final EngineLimits limits;
    private final EngineLoop loop;
    private final Set<Thread> deliveries = ConcurrentHashMap.newKeySet();

    private GenerationEngine(Decoder decoder, EngineLimits limits) {
        this.decoder = decoder;
        this.limits = limits;
        loop = new EngineLoop(decoder, limits);
    }

    /** An engine for views of a decoder, which is to be closed after it. */
    public static Builder of(Decoder decoder) {
        return new Builder(decoder);
    }

    /** What an engine may take. Used by one thread. */
    public static final class Builder {
        private final Decoder decoder;
        private int batch = 8;
        private int queue = 64;
        private int chunk = 64;
        private int maxContext;
        private long maxMemory;
        private boolean prefixCache = true;
        private int promptLookup;

        private Builder(Decoder decoder) {
            this.decoder = decoder;
        }

        /** Most texts that are written at a time, 1 to 256: 8. */
        public Builder batch(int texts) {
            batch = texts;
            return this;
        }

        /** Most requests that wait, 1 to 1,000,000: 64. One more is refused with an {@link EngineBusyException}. */
        public Builder queue(int requests) {
            queue = requests;
            return this;
        }

        /** Tokens of prompts that are read between two tokens of the running texts, a multiple of 16 up to 65,536: 64. More is faster for prompts, and slower for what is running. */
        public Builder chunk(int tokens) {
            chunk = tokens;
            return this;
        }

        /** Most tokens of a text, prompt included: 0, the default, for the model's positions. Longer prompts are refused, and texts end there. */
        public Builder maxContext(int tokens) {
            maxContext = tokens;
            return this;
        }

        /** Most bytes of keys and values: 0, the default, for a full batch of the longest texts, or half of what the system has free if that is less. */
        public Builder maxMemory(long bytes) {
            maxMemory = bytes;
            return this;
        }

        /** Whether prompts of texts that have ended are kept for requests that begin like them: true. It changes no text. */
        public Builder prefixCache(boolean keeps) {
            prefixCache = keeps;
            return this;
        }

        /**
         * Most tokens that are guessed at a time from where a text's last tokens stood before, 0 to 16: 0, none. All are computed in one pass, and those that are what would have been
         * chosen are taken: the same text, sooner where it repeats its prompt or itself. When few are right, a text has no more guesses. A pass has at most 16 rows with guesses.
         */
        public Builder promptLookup(int tokens) {
            promptLookup = tokens;
            return this;
        }

        /**
         * Starts the engine's thread. Nothing is taken for texts yet.
         *
         * @throws InputException if a value is out of range, or there is no memory for a single block of tokens
         * @throws IllegalStateException if the decoder is closed
         */
        public GenerationEngine open() {
            GenerationEngine engine = new GenerationEngine(
                    decoder,
                    EngineLimits.of(decoder, batch, queue, chunk, maxContext, maxMemory, prefixCache, promptLookup));
            engine.loop.start();
            return engine;
        }
    }

    /**
     * What an engine is doing.
     *
     * @param running requests that are being answered
     * @param waiting requests that have yet to begin
     * @param cacheBytes bytes of keys and values, of running texts and of prompts that are kept
     * @param keptBytes those of prompts that are kept alone
     * @param promptTokens tokens of all prompts so far
     * @param cachedTokens those of them that did not have to be read
     * @param completionTokens tokens written so far
     */
    public record Load(
            int running,
            int waiting,
            long cacheBytes,
            long keptBytes,
            long promptTokens,
            long cachedTokens,
            long completionTokens) {}

    /** What it is doing now. */
    public Load load() {
        return loop.load();
    }

    /**
     * Asks for a text.
     *
     * @return completed with the text on a thread of the request, or exceptionally with what ended it; cancelling it ends the text between two tokens
     * @throws InputException if the request cannot be answered within the model and the limits, before anything is taken
     * @throws EngineBusyException if the queue is full
     * @throws IllegalStateException if the engine, the decoder or the adapter is closed
     */
    public CompletableFuture<Completion> submit(LanguageModel view, Request request) {
        return submit(view, request, false, piece -> {});
    }

    /**
     * {@link #submit(LanguageModel, Request)}, handing over the text as it comes, on a thread of the request. A slow consumer holds up nothing else; what it throws ends the text and
     * completes the future.
     */
    public CompletableFuture<Completion> submit(LanguageModel view, Request request, Consumer<String> pieces) {
        return submit(view, request, true, pieces);
    }

    private CompletableFuture<Completion> submit(
            LanguageModel view, Request request, boolean wantsPieces, Consumer<String> pieces) {
        checkOne(request);
        Delivery delivery = new Delivery(wantsPieces);
        CompletableFuture<Completion> future = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform()
                .daemon()
                .name("moelora-delivery")
                .unstarted(() -> deliver(delivery, future, pieces));
        var _ = future.whenComplete((completion, failure) -> {
            if (future.isCancelled()) {
                delivery.abandon();
            }
        });
        loop.take(job(view, request, delivery), () -> {
            deliveries.add(thread);
            thread.start();
        });
        return future;
    }

    private void deliver(Delivery delivery, CompletableFuture<Completion> future, Consumer<String> pieces) {
        try {
            future.complete(delivery.await((text, piece) -> {
                        if (!delivery.isAbandoned()) {
                            pieces.accept(piece);
                        }
                    })
                    .getFirst());
        } catch (RuntimeException | Error e) {
            future.completeExceptionally(e);
        } finally {
            deliveries.remove(Thread.currentThread());
        }
    }

    /** Asks for a text and waits for it. Interrupting the calling thread ends the text, and the interrupt stays set; else as {@link #submit(LanguageModel, Request)}. */
    public Completion complete(LanguageModel view, Request request) {
        checkOne(request);
        return answers(view, request, new Delivery(false), (text, piece) -> {}).getFirst();
    }

    /** {@link #complete(LanguageModel, Request)}, handing over the text as it comes, on the calling thread. What the consumer throws ends the text and is thrown. */
    public Completion complete(LanguageModel view, Request request, Consumer<String> pieces) {
        checkOne(request);
        return answers(view, request, new Delivery(true), (text, piece) -> pieces.accept(piece))
                .getFirst();
    }

    /** As many texts after one prompt, which is read once, as the request asks for; else as {@link #complete(LanguageModel, Request)}. */
    public List<Completion> completions(LanguageModel view, Request request) {
        return answers(view, request, new Delivery(false), (text, piece) -> {});
    }

    /** {@link #completions(LanguageModel, Request)}, handing over the texts as they come, on the calling thread: a piece, and which text it belongs to. */
    public List<Completion> completions(LanguageModel view, Request request, ObjIntConsumer<String> pieces) {
        return answers(view, request, new Delivery(true), (text, piece) -> pieces.accept(piece, text));
    }

    private List<Completion> answers(
            LanguageModel view, Request request, Delivery delivery, TextInProgress.Pieces pieces) {
        loop.take(job(view, request, delivery), () -> {});
        return delivery.await(pieces);
    }

    private static void checkOne(Request request) {
        if (request.texts() != 1) {
            throw new InputException(
                    "the request is for " + request.texts() + " texts; expected one, or GenerationEngine.completions");
        }
    }

    private Job job(LanguageModel view, Request request, Delivery delivery) {
        if (view.decoder() != decoder) {
            throw new InputException("the view is of another decoder than the engine; expected a view of "
                    + (decoder.source().toString().isEmpty() ? "the engine's" : decoder.source()));
        }
        AskedText asked = limits.checked(AskedText.of(view, request));
        LanguageModel.Uses uses = view.enter();
        try {
            return new Job(asked, delivery, uses, limits.bytes(asked));
        } catch (RuntimeException | Error e) {
            uses.close();
            throw e;
        }
    }

    /** Forgets the prompts that are kept, and gives memory that nothing uses back to the system. */
    public void trim() {
        loop.trim();
    }

    /**
     * Ends every text as {@link FinishReason#CANCELLED}, those that wait included, frees all memory and waits for the threads, consumers under way included. Closing twice does
     * nothing.
     */
    @Override
    public void close() {
        loop.close();
        for (Thread thread : deliveries) {
            if (thread != Thread.currentThread()) {
                thread.interrupt();
                join(thread);
            }
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Bytes of keys and values of so many tokens of one text. */
    static long bytes(Decoder decoder, int tokens) {
        DecoderConfig config = decoder.config();
        return SequenceCache.bytes(config.layers(), config.keyWidth(), tokens);
    }
}
