/**
 * Causal attention of one head in numbered steps, forward and backward, from three loops to the engine's kernel: each class is the whole pass.
 * {@code docs/attention.md} explains them; {@link org.moelora.bench.attention.AttentionSteps} measures them.
 */
@NullMarked
package org.moelora.bench.attention;

import org.jspecify.annotations.NullMarked;
