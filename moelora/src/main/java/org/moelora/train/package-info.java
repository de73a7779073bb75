/**
 * Fine-tuning: the training loop, its checkpoints and its metrics.
 */
@NullMarked
package org.moelora.train;

import org.jspecify.annotations.NullMarked;
