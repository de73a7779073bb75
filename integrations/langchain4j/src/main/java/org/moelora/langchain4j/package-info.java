/** Models with adapters as chat, streaming, embedding and scoring models of LangChain4j. */
@NullMarked
package org.moelora.langchain4j;

import org.jspecify.annotations.NullMarked;
