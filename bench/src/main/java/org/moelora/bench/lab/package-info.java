/**
 * What pages of steps have in common: each step is measured in a JVM of its own.
 */
@NullMarked
package org.moelora.bench.lab;

import org.jspecify.annotations.NullMarked;
