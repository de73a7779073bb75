/** Which adapter pays on given data: arms of equal size, each at its own best learning rate, over paired seeds. */
@NullMarked
package org.moelora.compare;

import org.jspecify.annotations.NullMarked;
