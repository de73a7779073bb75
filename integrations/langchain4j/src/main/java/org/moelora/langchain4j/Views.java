package org.moelora.langchain4j;

import dev.langchain4j.exception.ModelNotFoundException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.model.GenerationEngine;
import org.moelora.model.LanguageModel;

/**
 * An engine and the views that it answers with.
 *
 * @param byName in the order in which they were named, at least one
 * @param first the name of the one that answers where a request names none
 */
record Views(GenerationEngine engine, Map<String, LanguageModel> byName, String first) {
    /** The name that a request means. */
    String name(@Nullable String asked) {
        return asked == null ? first : asked;
    }

    /**
     * @throws ModelNotFoundException if there is none of this name
     */
    LanguageModel get(String name) {
        LanguageModel view = byName.get(name);
        if (view == null) {
            throw new ModelNotFoundException(
                    "there is no model \"" + name + "\"; expected one of " + String.join(", ", byName.keySet()));
        }
        return view;
    }
}
