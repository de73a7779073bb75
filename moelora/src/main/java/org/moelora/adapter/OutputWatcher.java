package org.moelora.adapter;

import org.moelora.engine.Tensor;

/** Sees the output of every module of a forward pass, in the order of the pass. */
@FunctionalInterface
public interface OutputWatcher {
    /**
     * @param module its name in the checkpoint, such as {@code model.layers.3.self_attn.q_proj}
     * @param out its output, adapter included; valid during the call only
     */
    void saw(String module, Tensor out);
}
