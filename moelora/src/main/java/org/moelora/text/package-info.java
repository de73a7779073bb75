/**
 * Text and tokens: the tokenizer and the prompt templates.
 */
@NullMarked
package org.moelora.text;

import org.jspecify.annotations.NullMarked;
