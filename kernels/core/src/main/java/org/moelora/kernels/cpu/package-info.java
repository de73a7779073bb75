/**
 * The processor as a device: its memory and its worker threads, shared by the plain and the vector kernels.
 */
@NullMarked
package org.moelora.kernels.cpu;

import org.jspecify.annotations.NullMarked;
