package org.moelora.bench.contest;

/** What a figure is to reach: a range, both ends included. */
public record Bar(double least, double most) {
    public static Bar atLeast(double value) {
        return new Bar(value, Double.POSITIVE_INFINITY);
    }

    public static Bar atMost(double value) {
        return new Bar(Double.NEGATIVE_INFINITY, value);
    }

    public static Bar between(double least, double most) {
        return new Bar(least, most);
    }

    /** Whether a median reaches it. */
    public boolean isMetBy(double median) {
        return median >= least && median <= most;
    }

    @Override
    public String toString() {
        if (most == Double.POSITIVE_INFINITY) {
            return ">= " + text(least);
        }
        return least == Double.NEGATIVE_INFINITY ? "<= " + text(most) : text(least) + ".." + text(most);
    }

    private static String text(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
