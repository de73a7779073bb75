/** What a text must look like: JSON, a JSON Schema or a regular expression as an automaton over bytes, and the tokens that it allows next. */
@NullMarked
package org.moelora.grammar;

import org.jspecify.annotations.NullMarked;
