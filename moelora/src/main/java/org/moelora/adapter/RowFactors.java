package org.moelora.adapter;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * The factors c of DoRA's rows, kept over the passes of one text: they cost as much as rank tokens and depend on none. Valid while the adapter does not learn.
 * Used by one thread.
 */
public final class RowFactors {
    private final Map<String, float[]> known = new HashMap<>();

    /** Nothing is known yet. */
    public RowFactors() {}

    /** A linear's factors [out], on a tape for inference. */
    Tensor of(Tape tape, String module, Supplier<Tensor> compute) {
        float[] factors = known.get(module);
        if (factors != null) {
            return tape.constant(factors, factors.length);
        }
        Tensor computed = compute.get();
        known.put(module, computed.toArray());
        return computed;
    }
}
