package org.moelora.engine.optim;

/**
 * The learning rate at each step: a linear warm-up, then constant, linear to 0 or half a cosine to 0. With t the step from 1,
 * N the number of steps, w the warm-up and {@code p = (t - 1 - w) / (N - w)} the part of the decay already behind:
 * <pre>
 *     t &lt;= w      rate * t / w
 *     CONSTANT    rate
 *     LINEAR      rate * (1 - p)
 *     COSINE      rate * (1 + cos(pi p)) / 2
 * </pre>
 * After the warm-up these are the values of Hugging Face's {@code get_*_schedule_with_warmup} at its step t - 1, so the first
 * step after it has the full rate and the last one is not at 0. In the warm-up they are one step ahead of it, since there the
 * first step is spent at rate 0. Immutable and thread-safe.
 *
 * @param decay what follows the warm-up
 * @param rate the full learning rate, finite and not negative
 * @param warmupSteps the steps of the warm-up, 0 for none; where it is not shorter than the training, nothing follows it
 */
public record Schedule(Decay decay, double rate, long warmupSteps) {
    /** What follows the warm-up. */
    public enum Decay {
        /** The full rate to the end. */
        CONSTANT,
        /** A straight line to 0, which the step after the last would have. */
        LINEAR,
        /** Half a cosine to 0, which the step after the last would have. */
        COSINE
    }

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if the rate is negative, NaN or infinite, or the warm-up is negative
     */
    public Schedule {
        if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("learning rate " + rate + " is not a finite number from 0 up");
        }
        if (warmupSteps < 0) {
            throw new IllegalArgumentException("warm-up of " + warmupSteps + " steps is negative");
        }
    }

    /** The full rate at every step. */
    public static Schedule constant(double rate) {
        return new Schedule(Decay.CONSTANT, rate, 0);
    }

    /** The full rate after a warm-up. */
    public static Schedule constant(double rate, long warmupSteps) {
        return new Schedule(Decay.CONSTANT, rate, warmupSteps);
    }

    /** A straight line to 0 after a warm-up. */
    public static Schedule linear(double rate, long warmupSteps) {
        return new Schedule(Decay.LINEAR, rate, warmupSteps);
    }

    /** Half a cosine to 0 after a warm-up. */
    public static Schedule cosine(double rate, long warmupSteps) {
        return new Schedule(Decay.COSINE, rate, warmupSteps);
    }

    /**
     * The learning rate of a step.
     *
     * @param step from 1 to totalSteps
     * @param totalSteps the number of steps of the training
     * @throws IllegalArgumentException if the step is outside of 1 to totalSteps
     */
    public double at(long step, long totalSteps) {
        if (step < 1 || step > totalSteps) {
            throw new IllegalArgumentException("step " + step + " is not one of 1 to " + totalSteps);
        }
        if (step <= warmupSteps) {
            return rate * ((double) step / warmupSteps);
        }
        double behind = (double) (step - 1 - warmupSteps) / (totalSteps - warmupSteps);
        return switch (decay) {
            case CONSTANT -> rate;
            case LINEAR -> rate * (1 - behind);
            case COSINE -> rate * (0.5 * (1 + StrictMath.cos(Math.PI * behind)));
        };
    }
}
