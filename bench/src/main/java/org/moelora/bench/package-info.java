/**
 * JMH benchmarks.
 */
@NullMarked
package org.moelora.bench;

import org.jspecify.annotations.NullMarked;
