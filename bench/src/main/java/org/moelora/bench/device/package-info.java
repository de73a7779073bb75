/** The kernels of one device, alone: their rates, and how far they are from what the device can do. */
@NullMarked
package org.moelora.bench.device;

import org.jspecify.annotations.NullMarked;
