package org.moelora.model;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Kept;
import org.moelora.engine.ops.SequenceCache;

/**
 * Keys and values of prompts that have been read, for requests that begin like them. What is found equals what reading again would give, bit for bit: prompts only, as tokens that
 * were decoded have other last bits than tokens that are read, of the same view in the same state. Where an adapter decides by the whole prompt, only the same prompt counts. Used by
 * one thread.
 */
final class PrefixCache implements AutoCloseable {
    /** Rows that a kernel for a few rows takes; what is left to read of a longer prompt has to be more, as it would be in one pass. */
    static final int FEW = 8;

    /**
     * What a prompt was read with.
     *
     * @param changes of the adapter's parameters until then
     */
    private record Reader(
            @Nullable WeakReference<Adapter> adapter,
            long changes,
            @Nullable String task) {
        static Reader of(Job job) {
            Adapter adapter = job.adapter();
            return new Reader(
                    adapter == null ? null : new WeakReference<>(adapter),
                    adapter == null ? 0 : adapter.parameters().changes(),
                    job.task());
        }

        boolean reads(Job job) {
            Adapter own = job.adapter();
            return (adapter == null ? own == null : own != null && adapter.get() == own)
                    && (own == null || own.parameters().changes() == changes)
                    && Objects.equals(task, job.task());
        }

        boolean isGone() {
            Adapter own = adapter == null ? null : adapter.get();
            return adapter != null && (own == null || own.parameters().changes() != changes);
        }
    }

    /**
     * A prompt that has been read.
     *
     * @param kept what the adapter decided by it
     */
    private record Entry(Reader reader, int[] prompt, SequenceCache cache, Kept kept, boolean whole) {
        /** How many of the first tokens of a job's prompt are these, as far as they can stand for its own. */
        int serves(Job job) {
            return reader.reads(job) ? common(prompt, prompt.length, whole, job) : 0;
        }
    }

    /** What a job can take over. */
    record Found(SequenceCache cache, int tokens, Kept kept) {}

    /** The least recently used first. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    private static int common(int[] read, int length, boolean whole, Job job) {
        int[] prompt = job.prompt();
        int same = Arrays.mismatch(read, 0, length, prompt, 0, prompt.length);
        int most = same < 0 ? prompt.length : same;
        if (whole && (most < prompt.length || length != prompt.length)) {
            return 0;
        }
        int usable = Math.min(most, prompt.length - FEW - 1);
        return Math.max(0, usable) / EngineLimits.UNIT * EngineLimits.UNIT;
    }

    /** Whether two jobs read prompts alike. */
    private static boolean readAlike(Job one, Job other) {
        return one.adapter() == other.adapter() && Objects.equals(one.task(), other.task());
    }

    /**
     * The longest beginning of a job's prompt that has been read.
     *
     * @param running jobs that may have read it
     * @return null if there is none
     */
    @Nullable Found find(Job job, Iterable<Job> running) {
        if (isLearning(job)) {
            return null;
        }
        int best = 0;
        Found found = null;
        for (Job other : running) {
            if (other != job
                    && !other.reading
                    && readAlike(job, other)
                    && (!job.whole || other.read == other.prompt().length)) {
                int tokens = common(other.prompt(), other.read, job.whole, job);
                if (tokens > best) {
                    best = tokens;
                    found = new Found(other.caches.getFirst(), tokens, other.kept);
                }
            }
        }
        Entry used = null;
        for (Entry entry : entries) {
            int tokens = entry.serves(job);
            if (tokens > best) {
                best = tokens;
                used = entry;
                found = new Found(entry.cache, tokens, entry.kept);
            }
        }
        if (used != null) {
            entries.remove(used);
            entries.addLast(used);
        }
        return found;
    }

    private static boolean isLearning(Job job) {
        Adapter adapter = job.adapter();
        return adapter != null && adapter.parameters().trains();
    }

    /** Takes a job's prompt over, which has been read; its cache is the job's no more. */
    void add(Job job) {
        SequenceCache cache = job.caches.removeFirst();
        int[] prompt = job.prompt();
        if (isLearning(job) || prompt.length < EngineLimits.UNIT + FEW + 1) {
            cache.close();
            return;
        }
        Entry entry = new Entry(Reader.of(job), prompt, cache, job.kept, job.whole);
        for (Iterator<Entry> all = entries.iterator(); all.hasNext(); ) {
            Entry other = all.next();
            if (other.reader.isGone() || (other.reader.reads(job) && covers(entry, other))) {
                all.remove();
                other.cache.close();
            } else if (other.reader.reads(job) && covers(other, entry)) {
                cache.close();
                all.remove();
                entries.addLast(other);
                return;
            }
        }
        cache.truncate(prompt.length);
        cache.shrink();
        entries.addLast(entry);
    }

    /** Whether one serves every job that another would. */
    private static boolean covers(Entry entry, Entry other) {
        int length = other.prompt.length;
        return entry.whole
                ? Arrays.equals(entry.prompt, other.prompt)
                : entry.prompt.length >= length
                        && Arrays.mismatch(entry.prompt, 0, length, other.prompt, 0, length) < 0;
    }

    long bytes() {
        return entries.stream().mapToLong(entry -> entry.cache.bytes()).sum();
    }

    /**
     * Forgets the least recently used.
     *
     * @return whether there was one
     */
    boolean evict() {
        Entry oldest = entries.pollFirst();
        if (oldest != null) {
            oldest.cache.close();
        }
        return oldest != null;
    }

    @Override
    public void close() {
        while (evict()) {
            // until there is none
        }
    }
}
