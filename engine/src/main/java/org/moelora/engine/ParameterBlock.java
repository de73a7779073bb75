package org.moelora.engine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedCollection;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * Parameters in one contiguous block with a table from name to range, so that the optimizer, clipping and checkpoints are single passes.
 * Gradients are a second block of the same layout that exists while it trains. Values may be read by several threads; training
 * is one thread's.
 */
public final class ParameterBlock implements AutoCloseable {
    /** Ranges start at multiples of this many elements: one cache line. */
    private static final long ALIGNMENT = 16;

    private final Device device;
    private final LinkedHashMap<String, Parameter> parameters = new LinkedHashMap<>();
    private final Memory values;
    private final boolean ownsValues;
    private volatile @Nullable Memory gradients;
    private final AtomicLong changes = new AtomicLong();

    private ParameterBlock(Device device, Map<String, Shape> shapes, Owner owner) {
        this.device = device;
        Map<String, Long> starts = new LinkedHashMap<>();
        long length = 0;
        for (var entry : shapes.entrySet()) {
            starts.put(entry.getKey(), length);
            length += (entry.getValue().size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
        values = zeros(device, length, owner);
        ownsValues = true;
        starts.forEach((name, from) -> add(name, Objects.requireNonNull(shapes.get(name)), from));
    }

    private ParameterBlock(Device rehearsal, ParameterBlock rehearsed) {
        device = rehearsal;
        values = rehearsed.values;
        ownsValues = false;
        rehearsed.parameters.forEach((name, parameter) -> add(name, parameter.shape(), parameter.from()));
    }

    private static Memory zeros(Device device, long length, Owner owner) {
        Memory fresh = device.allocate(DType.F32, length, owner);
        try {
            device.kernels().elementwise().fill(fresh, 0);
        } catch (RuntimeException | Error e) {
            fresh.close();
            throw e;
        }
        return fresh;
    }

    private void add(String name, Shape shape, long from) {
        Memory range = values.slice(from, shape.size());
        parameters.put(name, new Parameter(device, name, shape, this, from, range));
    }

    /** A block whose values are accounted to {@link Owner#ADAPTER}, as gradients always are. */
    public static Builder builder(Device device) {
        return builder(device, Owner.ADAPTER);
    }

    /** A block whose values are accounted to {@code owner}. */
    public static Builder builder(Device device, Owner owner) {
        return new Builder(device, owner);
    }

    /** Collects names and shapes. */
    public static final class Builder {
        private final Device device;
        private final Map<String, Shape> shapes = new LinkedHashMap<>();

        private final Owner owner;

        private Builder(Device device, Owner owner) {
            this.device = device;
            this.owner = owner;
        }

        /**
         * @throws IllegalArgumentException if the name is taken
         */
        public Builder add(String name, int... dims) {
            if (shapes.put(name, Shape.of(dims)) != null) {
                throw new IllegalArgumentException("two parameters are named " + name);
            }
            return this;
        }

        /** All parameters, zero. */
        public ParameterBlock build() {
            return new ParameterBlock(device, shapes, owner);
        }
    }

    /**
     * These parameters on a {@link Device#rehearsal}, where they can train without doing so here: gradients are the rehearsal's own.
     */
    public ParameterBlock on(Device rehearsal) {
        return new ParameterBlock(rehearsal, this);
    }

    public Device device() {
        return device;
    }

    /** In the order they were added. */
    public SequencedCollection<Parameter> parameters() {
        return Collections.unmodifiableSequencedCollection(parameters.sequencedValues());
    }

    /**
     * @throws IllegalArgumentException if no such name exists
     */
    public Parameter get(String name) {
        Parameter parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("no parameter is named " + name);
        }
        return parameter;
    }

    /** Whether one is named so. */
    public boolean has(String name) {
        return parameters.containsKey(name);
    }

    /**
     * A number that is another one whenever values may have changed: after parameters were written, and when training begins and ends. What was computed from them is valid as
     * long as it stays the same and they are not in training.
     */
    public long changes() {
        return changes.get();
    }

    void changed() {
        changes.incrementAndGet();
    }

    /** Number of parameters, without the padding between ranges. */
    public long count() {
        return parameters.values().stream().mapToLong(p -> p.shape().size()).sum();
    }

    /** All values, with zeros between ranges. */
    public Memory values() {
        return values;
    }

    public boolean trains() {
        return gradients != null;
    }

    /**
     * All gradients, laid out as the values.
     *
     * @throws IllegalStateException if the block does not train
     */
    public Memory gradients() {
        Memory current = gradients;
        if (current == null) {
            throw new IllegalStateException(
                    values.isOpen() ? "these parameters are not in training" : "these parameters are closed");
        }
        return current;
    }

    /**
     * Makes room for gradients, all zero. From here on backward passes reach the parameters.
     *
     * @throws IllegalStateException if the block trains already, as two trainings must not share parameters, or is closed
     */
    public synchronized void startTraining() {
        startTraining(parameter -> true);
    }

    /**
     * {@link #startTraining()} for some of the parameters. The others are frozen until training stops: they require no gradient, and theirs stays zero.
     *
     * @throws IllegalStateException if the block trains already, or is closed
     */
    public synchronized void startTraining(Predicate<Parameter> trainable) {
        if (!values.isOpen()) {
            throw new IllegalStateException("these parameters are closed");
        }
        if (gradients != null) {
            throw new IllegalStateException("these parameters are in training already");
        }
        Memory fresh = zeros(device, values.length(), Owner.ADAPTER);
        parameters.values().forEach(parameter -> parameter.freeze(!trainable.test(parameter)));
        gradients = fresh;
        changed();
    }

    /** Gives the gradients back. */
    public synchronized void stopTraining() {
        Memory current = gradients;
        if (current != null) {
            gradients = null;
            changed();
            parameters.values().forEach(parameter -> parameter.freeze(false));
            current.close();
        }
    }

    public void clearGradients() {
        device.kernels().elementwise().fill(gradients(), 0);
    }

    @Override
    public void close() {
        stopTraining();
        if (ownsValues) {
            values.close();
        }
    }
}
