package org.moelora.adapter;

import java.util.function.Supplier;
import org.moelora.engine.Tensor;

/**
 * A linear with a mixture whose tokens have been routed.
 *
 * @param module its name
 * @param router the name of the linear whose router decided
 * @param u [T, E r], {@code x A^T}
 * @param ofB makes b [out, E r], if it is asked for
 */
record RoutedLinear(String module, String router, Tensor u, Supplier<Tensor> ofB, Routing routing) {
    /** Whether its own router decided: a loss of choices alone counts once for each router. */
    boolean hasRouter() {
        return router.equals(module);
    }

    Tensor b() {
        return ofB.get();
    }
}
