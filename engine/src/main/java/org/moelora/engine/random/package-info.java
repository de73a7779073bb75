/**
 * Counter-based random numbers: the seed, the step and a name give the numbers, whatever the order of the calls.
 */
@NullMarked
package org.moelora.engine.random;

import org.jspecify.annotations.NullMarked;
