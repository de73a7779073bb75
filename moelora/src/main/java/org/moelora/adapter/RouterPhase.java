package org.moelora.adapter;

/**
 * How routers choose in a forward pass: as they will in the end, or as at the beginning of a training, when every expert should have its gradient.
 *
 * @param dense whether every expert takes part, {@code g = p}, whatever the gate selects otherwise
 * @param temperature T of {@code p = softmax(W_g x / T)}; above 1 makes shares more equal
 */
public record RouterPhase(boolean dense, double temperature) {
    /** As the gate says. */
    public static final RouterPhase FINAL = new RouterPhase(false, 1);

    /**
     * @throws IllegalArgumentException if the temperature is not above 0
     */
    public RouterPhase {
        if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("a temperature is " + temperature + "; expected above 0");
        }
    }
}
