package org.moelora.kernels.device;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;

/**
 * Which parts of which slabs are leased, and to whom: bookkeeping only, without any memory, so that a copy of it can rehearse what is to come. A
 * lease is cut from the free range that fits best, and joins its free neighbours when it is freed (Knuth, The Art of Computer Programming,
 * volume 1, section 2.5): what one training step leaves free serves the next one whatever its sizes. Deterministic; used by one thread at a time.
 */
public final class Slabs {
    /** Sizes are rounded up to, and ranges begin at, multiples of this many bytes: one cache line. */
    public static final long ALIGNMENT = 64;

    private static final long LEAST = 4L << 20;

    /** Slabs hold eight leases of the size that made them necessary, up to this many bytes. */
    private static final long SEVERAL = 64L << 20;

    /** Free ranges are listed by size: eight lists for each power of two. */
    private static final int BINS = 8 * Long.SIZE;

    /** A part of a slab, leased or free, between its neighbours. */
    public static final class Range {
        private int slab;
        private long from;
        private long bytes;
        private @Nullable Account account;
        private @Nullable Range before;
        private @Nullable Range after;
        private @Nullable Range previousFree;
        private @Nullable Range nextFree;

        /** Number of the slab, from 0. */
        public int slab() {
            return slab;
        }

        /** First byte in the slab. */
        public long from() {
            return from;
        }

        /** Its length. */
        public long bytes() {
            return bytes;
        }
    }

    /** What an owner has leased. */
    private static final class Account {
        private long now;
        private long atPeak;
    }

    /** The first range of each slab; null for one that has been given back to the system, whose number stays its own. */
    private final List<@Nullable Range> firsts = new ArrayList<>();

    private final @Nullable Range[] firstFree = new @Nullable Range[BINS];
    private @Nullable Range spare;
    private final EnumMap<Owner, Account> accounts = new EnumMap<>(Owner.class);
    private long total;
    private long peak;
    private long reserved;

    public Slabs() {
        for (Owner owner : Owner.values()) {
            accounts.put(owner, new Account());
        }
    }

    /** The same state, from which it goes its own way. */
    public Slabs(Slabs other) {
        IdentityHashMap<Account, Account> sameOwner = new IdentityHashMap<>();
        other.accounts.forEach((owner, account) -> {
            Account copy = new Account();
            copy.now = account.now;
            copy.atPeak = account.atPeak;
            accounts.put(owner, copy);
            sameOwner.put(account, copy);
        });
        total = other.total;
        peak = other.peak;
        reserved = other.reserved;
        IdentityHashMap<Range, Range> copies = new IdentityHashMap<>();
        for (Range first : other.firsts) {
            if (first == null) {
                firsts.add(null);
                continue;
            }
            Range before = null;
            for (Range range = first; range != null; range = range.after) {
                Range copy = range(range.slab, range.from, range.bytes, before, null);
                copy.account = range.account == null ? null : sameOwner.get(range.account);
                if (before == null) {
                    firsts.add(copy);
                } else {
                    before.after = copy;
                }
                before = copy;
                copies.put(range, copy);
            }
        }
        for (int bin = 0; bin < BINS; bin++) {
            Range last = null;
            for (Range range = other.firstFree[bin]; range != null; range = range.nextFree) {
                Range copy = Objects.requireNonNull(copies.get(range));
                copy.previousFree = last;
                if (last == null) {
                    firstFree[bin] = copy;
                } else {
                    last.nextFree = copy;
                }
                last = copy;
            }
        }
    }

    /**
     * Leases at least that many bytes.
     *
     * @param newSlab told the bytes of a slab that has to be added; if it throws, nothing has happened
     */
    public Range lease(long bytes, Owner owner, LongConsumer newSlab) {
        long size = rounded(bytes);
        Range range = bestFit(size);
        if (range == null) {
            range = grow(size, newSlab);
        } else {
            removeFree(range);
        }
        if (range.bytes > size) {
            Range rest = range(range.slab, range.from + size, range.bytes - size, range, range.after);
            if (range.after != null) {
                range.after.before = rest;
            }
            range.after = rest;
            range.bytes = size;
            addFree(rest);
        }
        Account account = Objects.requireNonNull(accounts.get(owner));
        range.account = account;
        account.now += size;
        total += size;
        if (total > peak) {
            resetPeak();
        }
        return range;
    }

    /** Ends the lease of a range; it may be leased again. */
    public void free(Range range) {
        Account account = range.account;
        if (account == null) {
            throw new IllegalStateException("this range is free already");
        }
        account.now -= range.bytes;
        total -= range.bytes;
        range.account = null;
        Range before = range.before;
        Range after = range.after;
        if (after != null && after.account == null) {
            removeFree(after);
            join(range, after);
        }
        if (before != null && before.account == null) {
            removeFree(before);
            join(before, range);
            addFree(before);
        } else {
            addFree(range);
        }
    }

    /** The first takes the second in. */
    private void join(Range first, Range second) {
        first.bytes += second.bytes;
        first.after = second.after;
        if (second.after != null) {
            second.after.before = first;
        }
        second.nextFree = spare;
        spare = second;
    }

    /**
     * Gives up slabs in which nothing is leased.
     *
     * @param given told the number of each
     */
    public void trim(IntConsumer given) {
        for (int slab = 0; slab < firsts.size(); slab++) {
            Range all = firsts.get(slab);
            if (all != null && all.account == null && all.after == null) {
                removeFree(all);
                firsts.set(slab, null);
                reserved -= all.bytes;
                all.nextFree = spare;
                spare = all;
                given.accept(slab);
            }
        }
    }

    /** Bytes by owner. */
    public MemoryUse use() {
        EnumMap<Owner, Long> now = new EnumMap<>(Owner.class);
        EnumMap<Owner, Long> atPeak = new EnumMap<>(Owner.class);
        accounts.forEach((owner, account) -> {
            now.put(owner, account.now);
            atPeak.put(owner, account.atPeak);
        });
        return new MemoryUse(now, atPeak, reserved);
    }

    /** The peak is what is leased now. */
    public void resetPeak() {
        peak = total;
        for (Account account : accounts.values()) {
            account.atPeak = account.now;
        }
    }

    /** Bytes that a lease of so many takes. */
    public static long rounded(long bytes) {
        return Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }

    /**
     * A new slab, all of it one range in no list. It holds eight such leases, or is a thirty-second of what there is already: large enough that
     * leases of the next step, a little longer, find room where several of this one were.
     */
    private Range grow(long size, LongConsumer newSlab) {
        long several = Math.min(8 * size, SEVERAL);
        long bytes = Math.max(Math.max(LEAST, size), Math.max(several, rounded(reserved / 32)));
        newSlab.accept(bytes);
        Range all = range(firsts.size(), 0, bytes, null, null);
        firsts.add(all);
        reserved += bytes;
        return all;
    }

    private Range range(int slab, long from, long bytes, @Nullable Range before, @Nullable Range after) {
        Range range = spare;
        if (range == null) {
            range = new Range();
        } else {
            spare = range.nextFree;
        }
        range.slab = slab;
        range.from = from;
        range.bytes = bytes;
        range.before = before;
        range.after = after;
        range.previousFree = null;
        range.nextFree = null;
        range.account = null;
        return range;
    }

    /** The shortest free range that is long enough, of equals the one freed last. */
    private @Nullable Range bestFit(long size) {
        for (int bin = bin(size); bin < BINS; bin++) {
            Range best = null;
            for (Range range = firstFree[bin]; range != null; range = range.nextFree) {
                if (range.bytes >= size && (best == null || range.bytes < best.bytes)) {
                    best = range;
                }
            }
            if (best != null) {
                return best;
            }
        }
        return null;
    }

    /** Longer ranges are never in lower bins. */
    private static int bin(long bytes) {
        int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes);
        return 8 * power + (int) (bytes >>> (power - 3) & 7);
    }

    private void addFree(Range range) {
        int bin = bin(range.bytes);
        Range next = firstFree[bin];
        range.previousFree = null;
        range.nextFree = next;
        if (next != null) {
            next.previousFree = range;
        }
        firstFree[bin] = range;
    }

    private void removeFree(Range range) {
        Range previous = range.previousFree;
        Range next = range.nextFree;
        if (previous == null) {
            firstFree[bin(range.bytes)] = next;
        } else {
            previous.nextFree = next;
        }
        if (next != null) {
            next.previousFree = previous;
        }
        range.previousFree = null;
        range.nextFree = null;
    }
}
