/**
 * A random Llama, whole training steps and generation with it, and what they should cost.
 */
@NullMarked
package org.moelora.bench.llama;

import org.jspecify.annotations.NullMarked;
