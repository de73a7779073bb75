/**
 * The programs that generate the bundled tasks and pretrain the bundled model.
 */
@NullMarked
package org.moelora.testmodels;

import org.jspecify.annotations.NullMarked;
