/**
 * File formats: safetensors, GGUF and JSON, strict and bounded on reading, and files that are written whole or not at all.
 */
@NullMarked
package org.moelora.io;

import org.jspecify.annotations.NullMarked;
