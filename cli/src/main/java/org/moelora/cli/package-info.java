/**
 * The {@code moelora} command: flags, files and what a person sees; the work is done in {@code org.moelora}.
 */
@NullMarked
package org.moelora.cli;

import org.jspecify.annotations.NullMarked;
