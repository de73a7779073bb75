/**
 * Examples: rows of a data file, turned into token rows with labels, in a reproducible order.
 */
@NullMarked
package org.moelora.data;

import org.jspecify.annotations.NullMarked;
