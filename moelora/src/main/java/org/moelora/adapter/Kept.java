package org.moelora.adapter;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * What does not change over the passes of one text, by name: the factors of DoRA's rows, and what a router decided from the prompt. Valid while the adapter does
 * not learn. Used by one thread.
 */
public final class Kept {
    private final Map<String, Value> known = new HashMap<>();

    private record Value(float[] values, Shape shape) {}

    /** Nothing is known yet. */
    public Kept() {}

    /** What {@code compute} gives, or gave in a pass before; on a tape for inference. */
    Tensor of(Tape tape, String name, Supplier<Tensor> compute) {
        Value value = known.get(name);
        if (value != null) {
            Shape shape = value.shape();
            return shape.rank() == 1
                    ? tape.constant(value.values(), shape.dim(0))
                    : tape.constant(value.values(), shape.dim(0), shape.dim(1));
        }
        Tensor computed = compute.get();
        known.put(name, new Value(computed.toArray(), computed.shape()));
        return computed;
    }

    /** The same for numbers that stay on the host. */
    float[] onHost(String name, Supplier<float[]> compute) {
        return known.computeIfAbsent(name, unknown -> {
                    float[] values = compute.get();
                    return new Value(values, Shape.of(values.length));
                })
                .values();
    }
}
