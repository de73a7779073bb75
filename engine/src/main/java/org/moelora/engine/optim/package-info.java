/**
 * AdamW, learning-rate schedules and gradient clipping.
 */
@NullMarked
package org.moelora.engine.optim;

import org.jspecify.annotations.NullMarked;
