/**
 * Files: safetensors, strict on reading and atomic on writing, and strict, bounded JSON.
 */
@NullMarked
package org.moelora.engine.io;

import org.jspecify.annotations.NullMarked;
