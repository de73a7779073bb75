package org.moelora.io;

import java.util.List;

/**
 * What a GGUF file says about one tensor.
 *
 * @param name unique in its file
 * @param type the format of its elements
 * @param shape its sizes, outermost first; the file has them the other way round
 * @param offset where its bytes begin, counted from the end of the header
 * @param bytes how many bytes it takes
 */
public record GgufTensor(String name, GgmlType type, List<Long> shape, long offset, long bytes) {
    public GgufTensor {
        shape = List.copyOf(shape);
    }

    /** Such as {@code output.weight Q6_K [32000, 4096]}. */
    @Override
    public String toString() {
        return name + " " + type + " " + shape;
    }
}
