package org.moelora.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.moelora.engine.Lifetime;
import org.moelora.engine.ops.SequenceCache;
import org.moelora.kernels.OutOfDeviceMemoryException;

/**
 * The thread of a {@link GenerationEngine}. A turn ends what is to end, begins what there is room for, reads a part of a prompt and writes one token of every running text.
 */
final class EngineLoop {
    private static final System.Logger LOG = System.getLogger(EngineLoop.class.getName());

    /** An idle engine returns unused memory to the system once more bytes than this have been freed. */
    private static final long LARGE = 64L << 20;

    /** A pass of more rows takes so much longer that guesses are not worth it. */
    private static final int ROWS_WITH_GUESSES = 16;

    private final Decoder decoder;
    private final EngineLimits limits;
    private final Lifetime.Use use;
    private final Thread thread;
    private final BatchPass pass;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition done = lock.newCondition();
    private final Deque<Job> waiting = new ArrayDeque<>();
    private boolean closed;
    private long trimsAsked;
    private long trimsDone;

    // From here on the engine's thread alone.
    private final Set<Job> running = new LinkedHashSet<>();
    private final Deque<Job> prompts = new ArrayDeque<>();
    private final PrefixCache prefixes = new PrefixCache();
    private boolean inPrompt;
    private long freed;
    private long promptTokens;
    private long cachedTokens;
    private long completionTokens;
    private volatile GenerationEngine.Load load = new GenerationEngine.Load(0, 0, 0, 0, 0, 0, 0);

    EngineLoop(Decoder decoder, EngineLimits limits) {
        this.decoder = decoder;
        this.limits = limits;
        pass = new BatchPass(decoder);
        use = decoder.lifetime().enter();
        thread = Thread.ofPlatform().daemon().name("moelora-generation").unstarted(this::serve);
    }

    void start() {
        thread.start();
    }

    /**
     * Puts a job at the end of the queue.
     *
     * @param taken runs if there is room for it, before its first token can come
     * @throws EngineBusyException if the queue is full
     */
    void take(Job job, Runnable taken) {
        try {
            lock.lock();
            try {
                if (closed) {
                    throw new IllegalStateException("the engine is closed");
                }
                if (waiting.size() >= limits.queue()) {
                    throw new EngineBusyException(waiting.size());
                }
                taken.run();
                waiting.add(job);
                work.signal();
            } finally {
                lock.unlock();
            }
        } catch (RuntimeException | Error e) {
            job.uses.close();
            throw e;
        }
    }

    GenerationEngine.Load load() {
        GenerationEngine.Load last = load;
        lock.lock();
        try {
            return new GenerationEngine.Load(
                    last.running(),
                    waiting.size(),
                    last.cacheBytes(),
                    last.keptBytes(),
                    last.promptTokens(),
                    last.cachedTokens(),
                    last.completionTokens());
        } finally {
            lock.unlock();
        }
    }

    void trim() {
        lock.lock();
        try {
            long own = ++trimsAsked;
            work.signal();
            while (trimsDone < own && !closed) {
                done.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            work.signal();
            done.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve() {
        try {
            while (awaitWork()) {
                turn();
            }
        } finally {
            end();
        }
    }

    /** Waits until there is something to do; false once the engine is closed. */
    private boolean awaitWork() {
        note();
        lock.lock();
        try {
            while (!closed && waiting.isEmpty() && running.isEmpty() && trimsAsked == trimsDone) {
                pass.forget();
                if (freed > LARGE) {
                    freed = 0;
                    decoder.device().trim();
                }
                work.awaitUninterruptibly();
            }
            if (trimsAsked != trimsDone) {
                prefixes.close();
                decoder.device().trim();
                note();
                trimsDone = trimsAsked;
                done.signalAll();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private void note() {
        long kept = prefixes.bytes();
        load = new GenerationEngine.Load(
                running.size(), 0, runningBytes() + kept, kept, promptTokens, cachedTokens, completionTokens);
    }

    private long runningBytes() {
        return running.stream()
                .flatMap(job -> job.caches.stream())
                .mapToLong(SequenceCache::bytes)
                .sum();
    }

    private void turn() {
        sweep();
        admit();
        readPrompts();
        write();
    }

    /** Ends what was cancelled, or has no time left. */
    private void sweep() {
        List<Job> ended = new ArrayList<>();
        lock.lock();
        try {
            waiting.removeIf(job -> {
                FinishReason why = job.stopped();
                if (why != null) {
                    job.end(why);
                    ended.add(job);
                }
                return why != null;
            });
        } finally {
            lock.unlock();
        }
        for (Job job : running) {
            FinishReason why = job.reading ? null : job.stopped();
            if (why != null) {
                job.end(why);
                ended.add(job);
            }
        }
        ended.forEach(this::finish);
    }

    /** Begins the jobs that have waited longest, as long as there is room for them. */
    private void admit() {
        while (true) {
            Job job;
            lock.lock();
            try {
                job = waiting.peek();
                if (job == null || !hasRoom(job)) {
                    return;
                }
                waiting.remove();
            } finally {
                lock.unlock();
            }
            begin(job);
        }
    }

    private boolean hasRoom(Job job) {
        int texts = job.texts.size();
        long bytes = job.reserved;
        for (Job other : running) {
            texts += other.texts.size();
            bytes += other.reserved;
        }
        return texts <= limits.batch() && bytes <= limits.maxMemory();
    }

    private void begin(Job job) {
        SequenceCache cache = newCache();
        job.caches.add(cache);
        running.add(job);
        prompts.add(job);
        promptTokens += job.prompt().length;
        PrefixCache.Found found = limits.prefixCache() ? prefixes.find(job, running) : null;
        if (found == null) {
            return;
        }
        try {
            grow(job, cache, found.tokens());
            cache.copyFrom(found.cache(), found.tokens());
        } catch (OutOfDeviceMemoryException e) {
            LOG.log(System.Logger.Level.DEBUG, "no room for a prompt that is kept", e);
            cache.close(); // it is read instead, or ended there
            return;
        }
        job.read = found.tokens();
        if (job.whole) {
            job.kept = found.kept();
        }
        cachedTokens += found.tokens();
        job.texts.forEach(text -> text.cached(found.tokens()));
    }

    private SequenceCache newCache() {
        DecoderConfig config = decoder.config();
        return new SequenceCache(decoder.device(), config.layers(), config.keyWidth());
    }

    /** Makes room in a text's cache; prompts that are kept go where the limit or the device has no room beside them. */
    private void grow(Job job, SequenceCache cache, int tokens) {
        int most = job.asked.mostRead();
        long more = cache.growth(tokens, most);
        if (more == 0) {
            return;
        }
        while (runningBytes() + prefixes.bytes() + more > limits.maxMemory() && prefixes.evict()) {
            // until it fits, which it does without any
        }
        while (true) {
            try {
                cache.reserve(tokens, most);
                return;
            } catch (OutOfDeviceMemoryException e) {
                if (!prefixes.evict()) {
                    throw e;
                }
            }
        }
    }

    private OutOfDeviceMemoryException noRoom(OutOfDeviceMemoryException e) {
        String message = e.device() + " has no memory left for " + e.bytes() + " bytes of "
                + (e.owner() == null ? "its kernels" : e.owner()) + " beside "
                + decoder.device().memoryUse().leased()
                + "; expected a GenerationEngine with a smaller batch, maxContext or maxMemory, or a java command with a larger"
                + " -XX:MaxDirectMemorySize where that is the limit";
        return new OutOfDeviceMemoryException(
                e.device(), e.owner(), e.bytes(), e.limit().orElse(-1), message, e);
    }

    /** Reads parts of prompts, in turn, as many tokens as a turn may. */
    private void readPrompts() {
        int left = limits.chunk();
        for (int i = prompts.size(); i > 0 && left > 0; i--) {
            Job job = prompts.poll();
            if (job == null) {
                return;
            }
            if (job.ended()) {
                continue;
            }
            if (inPrompt && job.whole) {
                prompts.addLast(job); // one at a time
                continue;
            }
            left -= read(job);
        }
    }

    private int read(Job job) {
        int from = job.read;
        int to = job.whole ? job.prompt().length : limits.partEnd(from, job.prompt().length);
        boolean yields = job.whole && to - from > limits.chunk();
        job.reading = true;
        inPrompt |= job.whole;
        try {
            grow(job, job.caches.getFirst(), to);
            float[] logits = pass.read(job, to, () -> between(job, yields));
            job.reading = false;
            job.read = to;
            if (logits == null) {
                prompts.addLast(job);
            } else {
                fork(job);
                job.texts.forEach(text -> choose(text, job, logits));
                if (job.ended()) {
                    finish(job);
                }
            }
        } catch (AskedText.Stopped e) {
            job.end(e.why());
            finish(job);
        } catch (OutOfDeviceMemoryException e) {
            fail(job, noRoom(e));
        } catch (RuntimeException | Error e) {
            fail(job, explained(e));
        } finally {
            job.reading = false;
            inPrompt &= !job.whole;
        }
        return to - from;
    }

    /** Between two layers of a prompt. */
    private void between(Job job, boolean yields) {
        FinishReason why = job.stopped();
        if (why == null && isClosed()) {
            why = FinishReason.CANCELLED;
        }
        if (why != null) {
            throw new AskedText.Stopped(why);
        }
        if (yields) {
            turn();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Gives each of several texts its own copy of the prompt. */
    private void fork(Job job) {
        int tokens = job.prompt().length;
        while (job.caches.size() < job.texts.size()) {
            SequenceCache copy = newCache();
            job.caches.add(copy);
            grow(job, copy, tokens);
            copy.copyFrom(job.caches.getFirst(), tokens);
        }
    }

    private void choose(TextInProgress text, Job job, float[] logits) {
        text.choose(logits, job.delivery);
        if (text.next().length > 0) {
            completionTokens++;
            if (limits.promptLookup() > 0) {
                job.lookups.get(job.texts.indexOf(text)).add(text.next()[0]);
            }
        }
    }

    /** Chooses the tokens of a text, one after another, as long as they are what was guessed. */
    private void choose(BatchPass.Row row, List<float[]> logits) {
        int[] guess = row.guess();
        int before = row.cache().length() - row.tokens();
        int read = 0;
        while (read < row.tokens()) {
            choose(row.text(), row.job(), logits.get(read++));
            if (row.text().ended() || read == row.tokens() || row.text().next()[0] != guess[read - 1]) {
                break;
            }
        }
        row.cache().truncate(before + read);
        if (guess.length > 0) {
            row.text().guessed(read - 1);
            row.job().lookups.get(row.job().texts.indexOf(row.text())).was(guess.length, read - 1);
        }
    }

    /** What may follow the next token of a text, as far as there is room for it. */
    private int[] guess(Job job, int text, int rows) {
        SequenceCache cache = job.caches.get(text);
        int most = Math.min(
                Math.min(limits.promptLookup(), ROWS_WITH_GUESSES - rows),
                job.texts.get(text).left() - 1);
        while (most > 0 && cache.growth(cache.length() + 1 + most, job.asked.mostRead()) > 0) {
            most--;
        }
        return most > 0 ? job.lookups.get(text).guess(most) : new int[0];
    }

    /** Writes a token of every running text whose prompt has been read. */
    private void write() {
        List<BatchPass.Row> rows = new ArrayList<>();
        int tokens = 0;
        for (Job job : List.copyOf(running)) {
            if (job.reading || job.read < job.prompt().length) {
                continue;
            }
            for (int i = 0; i < job.texts.size(); i++) {
                if (!job.texts.get(i).ended() && hasCacheFor(job, i)) {
                    int[] guess = guess(job, i, tokens + 1);
                    rows.add(new BatchPass.Row(job, job.texts.get(i), job.caches.get(i), guess));
                    tokens += 1 + guess.length;
                }
            }
        }
        while (!rows.isEmpty()) {
            rows.removeIf(row -> !running.contains(row.job()));
            List<BatchPass.Row> now = pass.together(rows);
            try {
                List<List<float[]>> logits = pass.write(now);
                for (int i = 0; i < now.size(); i++) {
                    choose(now.get(i), logits.get(i));
                }
                rows.removeAll(now);
                now.stream()
                        .map(BatchPass.Row::job)
                        .distinct()
                        .filter(Job::ended)
                        .forEach(this::finish);
            } catch (OutOfDeviceMemoryException e) {
                if (!prefixes.evict()) {
                    fail(now.getLast().job(), noRoom(e)); // the others are tried again without it
                }
            } catch (RuntimeException | Error e) {
                RuntimeException why = explained(e);
                now.stream().map(BatchPass.Row::job).distinct().forEach(job -> fail(job, why));
            }
        }
    }

    /** Room for the token that is read next. */
    private boolean hasCacheFor(Job job, int text) {
        SequenceCache cache = job.caches.get(text);
        try {
            grow(job, cache, cache.length() + 1);
            return true;
        } catch (OutOfDeviceMemoryException e) {
            fail(job, noRoom(e));
            return false;
        }
    }

    private RuntimeException explained(Throwable e) {
        if (e instanceof InternalError fault) {
            try {
                return decoder.explained(fault);
            } catch (InternalError unexplained) {
                return new IllegalStateException("the engine's pass failed", unexplained);
            }
        }
        return e instanceof RuntimeException known ? known : new IllegalStateException("the engine's pass failed", e);
    }

    /** A job whose texts have ended leaves. */
    private void finish(Job job) {
        leave(job);
        note();
        job.deliver();
    }

    private void fail(Job job, RuntimeException why) {
        if (!running.contains(job)) {
            return;
        }
        job.end(FinishReason.CANCELLED);
        leave(job);
        note();
        job.delivery.fail(why);
    }

    private void leave(Job job) {
        if (running.remove(job)) {
            prompts.remove(job);
            boolean wholePrompt = job.read == job.prompt().length;
            freed += job.caches.stream().mapToLong(SequenceCache::bytes).sum();
            if (wholePrompt && limits.prefixCache()) {
                try {
                    prefixes.add(job);
                } catch (OutOfDeviceMemoryException e) {
                    LOG.log(System.Logger.Level.DEBUG, "no room to keep a prompt", e);
                }
            }
            job.caches.forEach(SequenceCache::close);
            job.caches.clear();
        }
        job.uses.close();
    }

    private void end() {
        List<Job> all = new ArrayList<>(running);
        lock.lock();
        try {
            closed = true;
            all.addAll(waiting);
            waiting.clear();
            done.signalAll();
        } finally {
            lock.unlock();
        }
        for (Job job : all) {
            job.end(FinishReason.CANCELLED);
            finish(job);
        }
        prefixes.close();
        note();
        pass.forget();
        decoder.device().trim();
        use.close();
    }
}
