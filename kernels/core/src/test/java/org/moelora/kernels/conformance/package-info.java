/**
 * What every back end has to pass: its kernels against the plain ones. A back end's own test subclasses each family of this
 * package and says how its device is opened.
 */
@NullMarked
package org.moelora.kernels.conformance;

import org.jspecify.annotations.NullMarked;
