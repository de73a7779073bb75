/**
 * The kernels in the JDK Vector API, one file per family. No type of the Vector API leaves this package.
 */
@NullMarked
package org.moelora.kernels.simd;

import org.jspecify.annotations.NullMarked;
