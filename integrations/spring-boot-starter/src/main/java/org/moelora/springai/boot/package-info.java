/** A model with adapters as beans of Spring AI, by properties. */
@NullMarked
package org.moelora.springai.boot;

import org.jspecify.annotations.NullMarked;
