/**
 * One decoder for the Llama family, shaped by a checkpoint's configuration.
 */
@NullMarked
package org.moelora.model;

import org.jspecify.annotations.NullMarked;
