/** OpenCL devices: kernels in OpenCL C, one {@code .cl} file beside each family's class, driven through JOCL. */
@NullMarked
package org.moelora.kernels.opencl;

import org.jspecify.annotations.NullMarked;
