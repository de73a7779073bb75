package org.moelora.engine;

import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * Numbers of a shape on a device. Made by a {@link Tape}, which owns them, or as {@link Parameter} of a {@link ParameterBlock}.
 * Values are written once, by the op that makes the tensor. A tensor of a tape is used by one thread at a time.
 */
public sealed class Tensor permits Parameter {
    private final Device device;
    private final Shape shape;
    private final DType dtype;
    private final boolean requiresGrad;

    @Nullable Memory memory;

    @Nullable Memory grad;

    /** Recorded ops whose backward pass reads the values. */
    int readers;

    /** Computes the values again, if that is cheap. */
    @Nullable Runnable recompute;

    Tensor(Device device, Shape shape, Memory memory, boolean requiresGrad) {
        this.device = device;
        this.shape = shape;
        this.dtype = memory.dtype();
        this.memory = memory;
        this.requiresGrad = requiresGrad;
    }

    public final Device device() {
        return device;
    }

    public final Shape shape() {
        return shape;
    }

    /** Of its elements: F32 or I32. */
    public final DType dtype() {
        return dtype;
    }

    /** Whether a backward pass propagates into this tensor. */
    public boolean requiresGrad() {
        return requiresGrad;
    }

    /**
     * The numbers, which an {@link Op} reads through {@link Values}.
     *
     * @throws IllegalStateException if the tape has freed them
     */
    final Memory memory() {
        Memory current = memory;
        return current == null ? recomputed() : current;
    }

    private Memory recomputed() {
        Runnable fill = recompute;
        if (fill == null) {
            throw new IllegalStateException("tensor " + shape + " was freed: its tape needs it no more");
        }
        Memory fresh = device.allocate(DType.F32, shape.size(), Owner.TAPE);
        memory = fresh;
        try {
            fill.run();
        } catch (RuntimeException | Error e) {
            freeValues();
            throw e;
        }
        return fresh;
    }

    final void freeValues() {
        Memory current = memory;
        if (current != null) {
            memory = null;
            current.close();
        }
    }

    /** A copy of all values on the host; waits for the device. */
    public final float[] toArray() {
        float[] values = new float[Math.toIntExact(shape.size())];
        device.read(memory(), 0, values);
        return values;
    }

    /** A copy of all values of an I32 tensor on the host; waits for the device. */
    public final int[] toIntArray() {
        int[] values = new int[Math.toIntExact(shape.size())];
        device.read(memory(), 0, values);
        return values;
    }

    /** The only value of a scalar; waits for the device. */
    public final float item() {
        if (shape.size() != 1) {
            throw new IllegalStateException("tensor " + shape + " is not a scalar");
        }
        return toArray()[0];
    }

    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
