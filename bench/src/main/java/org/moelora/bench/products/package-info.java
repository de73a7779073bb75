/**
 * Contenders for {@code y = x W^T}: one process multiplies with one library.
 */
@NullMarked
package org.moelora.bench.products;

import org.jspecify.annotations.NullMarked;
