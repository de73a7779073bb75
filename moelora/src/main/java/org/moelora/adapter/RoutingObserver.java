package org.moelora.adapter;

import org.moelora.engine.Tensor;

/** Sees how a linear routed its tokens; see {@link AdapterPass#observed}. */
@FunctionalInterface
public interface RoutingObserver {
    /**
     * @param module the linear's name
     * @param u [T, E r], {@code x A^T}
     * @param b [out, E r]
     * @param routing gates and selected experts of every token
     */
    void routed(String module, Tensor u, Tensor b, Routing routing);
}
