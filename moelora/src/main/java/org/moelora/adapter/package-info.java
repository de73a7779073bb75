/**
 * LoRA and the mixture of LoRA experts: the layer, gate policies, losses, configuration and files.
 */
@NullMarked
package org.moelora.adapter;

import org.jspecify.annotations.NullMarked;
