/** Models with adapters as chat and embedding models of Spring AI. */
@NullMarked
package org.moelora.springai;

import org.jspecify.annotations.NullMarked;
