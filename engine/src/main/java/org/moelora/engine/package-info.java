/**
 * Tensors, parameters and the tape that records a step and runs it backwards.
 */
@NullMarked
package org.moelora.engine;

import org.jspecify.annotations.NullMarked;
