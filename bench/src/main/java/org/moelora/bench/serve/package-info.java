/** Many clients at a time: the generation engine, and llama.cpp's server beside it. */
@NullMarked
package org.moelora.bench.serve;

import org.jspecify.annotations.NullMarked;
