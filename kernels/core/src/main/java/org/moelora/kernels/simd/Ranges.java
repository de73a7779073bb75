package org.moelora.kernels.simd;

import org.moelora.kernels.Sink;
import org.moelora.kernels.cpu.Workers;

/** Deals out a range of independent items. Where the cuts fall never shows in a result: each item is computed alone. */
final class Ranges {
    /** Elements that one thread passes over in the time that waking another takes. */
    private static final long ALONE = 1 << 16;

    /** Items {@code from .. to}. */
    @FunctionalInterface
    interface Body {
        void run(long from, long to);
    }

    private Ranges() {}

    /** The same for a kernel that fills y: nothing if it is absent. */
    static void run(Workers workers, Sink y, long items, long unit, long cost, Body body) {
        run(workers, y.isAbsent() ? 0 : items, unit, cost, body);
    }

    /**
     * Runs {@code body} over {@code 0 .. items}.
     *
     * @param unit cuts fall on multiples of this
     * @param cost of one item, in passes over an element
     */
    static void run(Workers workers, long items, long unit, long cost, Body body) {
        if (items <= 0) {
            return;
        }
        int threads = workers.threads();
        long units = (items + unit - 1) / unit;
        long work = items * cost;
        if (threads == 1 || units == 1 || work < ALONE) {
            body.run(0, items);
            return;
        }
        int tasks = (int) Math.min(units, Math.min(4L * threads, Math.max(threads, work / ALONE)));
        workers.run(tasks, i -> {
            long from = units * i / tasks * unit;
            long to = Math.min(items, units * (i + 1) / tasks * unit);
            body.run(from, to);
        });
    }
}
