/** What devices of every kind share: which leases lie where in their memory, and rehearsals. For back ends only. */
@NullMarked
package org.moelora.kernels.device;

import org.jspecify.annotations.NullMarked;
