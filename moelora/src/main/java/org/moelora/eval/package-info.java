/**
 * Scoring, task accuracy and text generation.
 */
@NullMarked
package org.moelora.eval;

import org.jspecify.annotations.NullMarked;
