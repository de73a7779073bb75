package org.moelora.engine;

/** Something that was asked for, has a name, and is not supported: a keyword of a schema, a construct of an expression, a model family's tool calls. */
public final class UnsupportedFeature extends InputException {
    private static final long serialVersionUID = 1L;

    private final String feature;

    /**
     * @param where what asks for it
     * @param feature its name
     * @param expected what would be supported
     */
    public UnsupportedFeature(String where, String feature, String expected) {
        super(where + ": " + feature + " is not supported; expected " + expected);
        this.feature = feature;
    }

    /** Its name, such as {@code keyword "uniqueItems"}. */
    public String feature() {
        return feature;
    }
}
