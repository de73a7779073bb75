/**
 * Straightforward loops with double accumulators: the definition of every primitive, its oracle, and the fallback.
 */
@NullMarked
package org.moelora.kernels.plain;

import org.jspecify.annotations.NullMarked;
