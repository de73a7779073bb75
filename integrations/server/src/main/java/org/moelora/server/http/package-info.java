/** HTTP/1.1 over the JDK's sockets and virtual threads: knows requests and responses, and nothing of models. */
@NullMarked
package org.moelora.server.http;

import org.jspecify.annotations.NullMarked;
