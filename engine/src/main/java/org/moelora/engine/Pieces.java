package org.moelora.engine;

/** Passes over more values than an array holds, or than should be on the heap at a time. */
public final class Pieces {
    /** Values on the heap at a time: 256 KiB of floats. */
    public static final int MOST = 1 << 16;

    private Pieces() {}

    /** What is done with a range of values. */
    @FunctionalInterface
    public interface Piece {
        /**
         * @param from how many values come before
         * @param values an array for those of the range, with what the last piece left in it
         */
        void at(long from, float[] values);
    }

    /**
     * Goes over {@code count} values, at most {@value #MOST} at a time and in order.
     */
    public static void each(long count, Piece piece) {
        float[] values = new float[(int) Math.min(MOST, count)];
        for (long from = 0; from < count; from += values.length) {
            if (count - from < values.length) {
                values = new float[(int) (count - from)];
            }
            piece.at(from, values);
        }
    }
}
