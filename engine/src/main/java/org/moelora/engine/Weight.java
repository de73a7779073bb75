package org.moelora.engine;

/** A matrix that a linear or an embedding multiplies with: frozen, or a parameter in training. */
public sealed interface Weight permits FrozenWeight, Parameter {
    /** {@code [out, in]} of a linear, {@code [entries, width]} of an embedding. */
    Shape shape();
}
