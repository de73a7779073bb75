package org.moelora.io;

import java.util.Arrays;

/**
 * What a safetensors header says about one tensor. Immutable.
 *
 * @param name the tensor's name, unique in its file
 * @param type the format of its elements
 * @param shape its sizes, outermost first; empty for a scalar. Each call gives a copy
 * @param offset where its bytes begin, counted from the end of the header
 * @param bytes how many bytes it takes; the product of the shape times the size of the type
 */
public record TensorInfo(String name, StoredType type, long[] shape, long offset, long bytes) {
    /** Copies the shape. */
    public TensorInfo {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** The product of the shape: 1 for a scalar, 0 if any size is 0. */
    public long elements() {
        long product = 1;
        for (long size : shape) {
            product *= size;
        }
        return product;
    }

    /** Whether the shape is exactly this one. */
    public boolean hasShape(long... expected) {
        return Arrays.equals(shape, expected);
    }

    /** Such as {@code lm_head.weight BF16 [512, 64]}. */
    @Override
    public String toString() {
        return name + " " + type + " " + Arrays.toString(shape);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape)
                && offset == that.offset
                && bytes == that.bytes;
    }

    @Override
    public int hashCode() {
        return name.hashCode() * 31 + Long.hashCode(offset);
    }
}
