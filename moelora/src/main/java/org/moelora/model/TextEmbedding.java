package org.moelora.model;

/** The vector of a text, of length 1, and how many tokens were read for it: what {@link LanguageModel#embed} makes. Immutable. */
public final class TextEmbedding {
    private final float[] values;
    private final int tokens;

    TextEmbedding(float[] values, int tokens) {
        this.values = values;
        this.tokens = tokens;
    }

    /** The vector [hidden], which is the caller's. */
    public float[] toArray() {
        return values.clone();
    }

    /** How many numbers the vector has: the model's hidden size. */
    public int dimension() {
        return values.length;
    }

    /** How many tokens the text has. */
    public int tokens() {
        return tokens;
    }

    /**
     * {@code u . v}, which is the cosine of the angle, as both have the length 1.
     *
     * @throws IllegalArgumentException if the other vector has another dimension
     */
    public double cosine(TextEmbedding other) {
        if (other.values.length != values.length) {
            throw new IllegalArgumentException("vectors of " + values.length + " and " + other.values.length
                    + " numbers; expected two of one model");
        }
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += (double) values[i] * other.values[i];
        }
        return sum;
    }
}
