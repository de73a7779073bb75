package org.moelora.engine;

import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;

/**
 * A named trainable tensor: one range of its {@link ParameterBlock}'s values and, while the block trains, the same range of its
 * gradients. Gradients add up over backward passes until the block clears them.
 */
public final class Parameter extends Tensor implements Weight {
    private final String name;
    private final ParameterBlock block;
    private final long from;
    private volatile boolean frozen;

    Parameter(Device device, String name, Shape shape, ParameterBlock block, long from, Memory values) {
        super(device, shape, values, false);
        this.name = name;
        this.block = block;
        this.from = from;
    }

    public String name() {
        return name;
    }

    /** First element of this parameter's range in the block. */
    public long from() {
        return from;
    }

    /** True while the block trains and this parameter with it. */
    @Override
    public boolean requiresGrad() {
        return !frozen && block.trains();
    }

    /** Whether it stays as it is while its block trains. */
    public boolean isFrozen() {
        return frozen;
    }

    void freeze(boolean value) {
        frozen = value;
    }

    /**
     * Its range of the block's gradients.
     *
     * @throws IllegalStateException if the block does not train
     */
    public Memory gradient() {
        return block.gradients().slice(from, shape().size());
    }

    /** Copies a range of its values to the host: as many as the array takes, from that element on. */
    public void read(long at, float[] into) {
        device().read(memory(), at, into);
    }

    /** Copies values to a range of its own, from that element on. */
    public void write(long at, float[] values) {
        block.changed();
        device().write(values, memory(), at);
    }

    /** Copies all values in. */
    public void set(float[] values) {
        if (values.length != shape().size()) {
            throw new IllegalArgumentException(name + " " + shape() + " was given " + values.length + " values");
        }
        write(0, values);
    }

    /** A copy of the gradient on the host. */
    public float[] gradientArray() {
        float[] values = new float[Math.toIntExact(shape().size())];
        device().read(gradient(), 0, values);
        return values;
    }
}
