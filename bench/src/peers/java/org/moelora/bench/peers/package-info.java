/**
 * Contenders that are other libraries. Built with the profile {@code peers} only.
 */
@NullMarked
package org.moelora.bench.peers;

import org.jspecify.annotations.NullMarked;
