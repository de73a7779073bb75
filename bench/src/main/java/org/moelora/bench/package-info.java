/**
 * The comparison: every contender in a process of its own, rounds interleaved, one table of ratios. The program is Bench.
 */
@NullMarked
package org.moelora.bench;

import org.jspecify.annotations.NullMarked;
