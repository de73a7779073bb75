package org.moelora.model;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Set;
import org.moelora.engine.InputException;
import org.moelora.kernels.DType;

/** The mapped files that a decoder's weights lie in. Immutable and safe for use by several threads until they are closed. */
sealed interface WeightFiles extends AutoCloseable permits Checkpoint, GgufCheckpoint {
    /** All tensors of the files. */
    Set<String> names();

    /** What the files call a weight. */
    String nameOf(Weights.Stored stored);

    /** Whether a tensor that no weight is read from is known to change nothing. */
    boolean isHarmless(String name);

    /**
     * A matrix as it is stored.
     *
     * @param source file and tensor, for messages
     * @param bytes row-major
     * @param transposed whether it is [in, out]
     */
    record Matrix(String source, MemorySegment bytes, DType dtype, int rows, int cols, boolean transposed) {}

    /** The folder or the file. */
    Path source();

    /**
     * @throws InputException if there is no such tensor, or its shape differs from what the configuration asks for
     */
    void check(Weights.Stored stored);

    /**
     * @throws InputException as {@link #check}, and if kernels do not read its format
     */
    Matrix matrix(Weights.Stored stored);

    /**
     * Its values, with 1 added where it is stored so.
     *
     * @throws InputException as {@link #check}, and if its format is no float
     */
    float[] vector(Weights.Stored stored);

    /**
     * SHA-256 over the names, formats and shapes of all tensors and samples of their bytes: see {@link TensorHash}.
     */
    String hash();

    /**
     * @throws InputException if a file has become shorter since it was opened
     */
    void checkWhole();

    @Override
    void close();
}
