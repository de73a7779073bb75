package org.moelora.bench.contest;

/**
 * What a figure is to reach.
 *
 * @param atLeast whether more is better
 */
public record Bar(boolean atLeast, double value) {
    public static Bar atLeast(double value) {
        return new Bar(true, value);
    }

    public static Bar atMost(double value) {
        return new Bar(false, value);
    }

    /** Whether a median reaches it. */
    public boolean isMetBy(double median) {
        return atLeast ? median >= value : median <= value;
    }

    @Override
    public String toString() {
        return (atLeast ? ">= " : "<= ") + (value == Math.rint(value) ? Long.toString((long) value) : value);
    }
}
