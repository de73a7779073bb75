package org.moelora.adapter;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * What does not change over the passes of one text, by name: the factors of DoRA's rows, and what a router decided from the prompt. Valid while the adapter does
 * not learn. Used by one thread.
 */
public final class Kept {
    private final Map<String, Value> known = new HashMap<>();

    /** The texts of which this is what they keep side by side; empty for one text. */
    private final List<Kept> texts;

    private record Value(float[] values, Shape shape) {}

    /** Nothing is known yet. */
    public Kept() {
        this(List.of());
    }

    private Kept(List<Kept> texts) {
        this.texts = texts;
    }

    /** What several texts of one adapter have kept, for passes over all of them: of what is one row, the rows of all, and of what the adapter has, the first one's. */
    static Kept sideBySide(List<Kept> texts) {
        return texts.size() == 1 ? texts.getFirst() : new Kept(List.copyOf(texts));
    }

    private @Nullable Value value(String name) {
        Value value = known.get(name);
        if (value != null || texts.isEmpty()) {
            return value;
        }
        Value first = texts.getFirst().known.get(name);
        if (first == null || first.shape().rank() == 1) {
            return first;
        }
        int width = first.shape().dim(1);
        float[] rows = new float[texts.size() * width];
        for (int row = 0; row < texts.size(); row++) {
            Value of = Objects.requireNonNull(texts.get(row).known.get(name), name);
            System.arraycopy(of.values(), 0, rows, row * width, width);
        }
        Value joined = new Value(rows, Shape.of(texts.size(), width));
        known.put(name, joined);
        return joined;
    }

    /** What {@code compute} gives, or gave in a pass before; on a tape for inference. */
    Tensor of(Tape tape, String name, Supplier<Tensor> compute) {
        Value value = value(name);
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
