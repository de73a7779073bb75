package org.moelora.model;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.kernels.DType;

/** What becomes of the matrices of a checkpoint in float formats when it is loaded. Blocks stay as they are. */
public enum Quantization {
    /** They are read in place. */
    NONE(null),
    /** Blocks of 32 elements of 8 bits: 34 bytes each, 0.53 of a checkpoint in 16 bits. */
    Q8_0(DType.Q8_0),
    /** Blocks of 32 elements of 4 bits: 18 bytes each, 0.28 of a checkpoint in 16 bits. */
    Q4_0(DType.Q4_0);

    private final @Nullable DType dtype;

    Quantization(@Nullable DType dtype) {
        this.dtype = dtype;
    }

    /** What kernels call the blocks; null for none. */
    @Nullable DType dtype() {
        return dtype;
    }

    /** How it is written, e.g. {@code q8_0}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * @throws InputException if no such name exists
     */
    public static Quantization of(String id) {
        for (Quantization quantization : values()) {
            if (quantization.id().equals(id)) {
                return quantization;
            }
        }
        throw new InputException("there is no quantization \"" + id + "\"; expected none, q8_0 or q4_0"
                + Spelling.suggestion(id, List.of("none", "q8_0", "q4_0")));
    }
}
