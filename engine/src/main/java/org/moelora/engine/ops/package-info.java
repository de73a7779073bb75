/**
 * One file per op: its formula, its shapes, the forward pass, and the backward pass right under it.
 */
@NullMarked
package org.moelora.engine.ops;

import org.jspecify.annotations.NullMarked;
