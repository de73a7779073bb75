/**
 * JMH benchmarks, one class per family of kernels.
 */
@NullMarked
package org.moelora.bench.jmh;

import org.jspecify.annotations.NullMarked;
