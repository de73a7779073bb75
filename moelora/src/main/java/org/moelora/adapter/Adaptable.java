package org.moelora.adapter;

import java.nio.file.Path;
import java.util.List;
import org.moelora.kernels.Device;

/** A base model as adapters see it. */
public interface Adaptable {
    /** Where its weights, and those of its adapters, are. */
    Device device();

    /** Every linear that an adapter can sit beside, bottom to top. */
    List<LinearSite> linears();

    /**
     * {@code |w_o|^2} of each row of a linear's weight, [out], as kernels read it.
     *
     * @throws IllegalArgumentException if it is none of {@link #linears}
     */
    float[] rowSquares(LinearSite site);

    /** What adapters remember of it. */
    Fingerprint fingerprint();

    /** Whether Hugging Face's modules of this family have their weights as [in, out], as GPT-2's do. */
    boolean fanInFanOut();

    /** The folder it came from. */
    Path source();
}
