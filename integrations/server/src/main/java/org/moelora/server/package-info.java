/** A server that answers OpenAI's requests with a decoder and its adapters. */
@NullMarked
package org.moelora.server;

import org.jspecify.annotations.NullMarked;
