package org.moelora.adapter;

import org.moelora.engine.Shape;

/**
 * A parameter that a {@link GatePolicy} has on each adapted linear.
 *
 * @param name its name in memory, after the linear's and a dot
 * @param key its tensor's name on disk, after the linear's and a dot
 * @param shape [rows, cols], or [n]
 * @param std standard deviation of its first values, which are normal around 0; 0 for zeros
 */
public record GateParameter(String name, String key, Shape shape, double std) {
    /** Its sizes. */
    public int[] dims() {
        return shape.rank() == 1 ? new int[] {shape.dim(0)} : new int[] {shape.dim(0), shape.dim(1)};
    }
}
