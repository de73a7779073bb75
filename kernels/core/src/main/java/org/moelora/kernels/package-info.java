/**
 * What a device can do: the contract that every implementation keeps, the memory it works on, and how a device is found.
 */
@NullMarked
package org.moelora.kernels;

import org.jspecify.annotations.NullMarked;
