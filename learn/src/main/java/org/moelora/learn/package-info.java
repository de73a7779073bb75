/** The way of a student: the whole method in plain arrays, one file for each thing. */
@NullMarked
package org.moelora.learn;

import org.jspecify.annotations.NullMarked;
