/** A subset of the Jinja template language, as much as chat templates of language models are written in. */
@NullMarked
package org.moelora.text.template;

import org.jspecify.annotations.NullMarked;
