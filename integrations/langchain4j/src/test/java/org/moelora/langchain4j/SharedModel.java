package org.moelora.langchain4j;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.moelora.model.Decoder;
import org.moelora.model.GenerationEngine;

/** A model that knows by heart what the suites ask, so that they find in its answers what they look for, and its engine. Opened once for all classes. */
final class SharedModel implements BeforeAllCallback {
    static final Path FOLDER = Path.of("../../test-models/conversations");

    private static Opened opened;

    private record Opened(Decoder base, GenerationEngine engine) implements AutoCloseable {
        static Opened open() {
            Decoder base = Decoder.load(FOLDER);
            return new Opened(base, GenerationEngine.of(base).open());
        }

        @Override
        public void close() {
            engine.close();
            base.close();
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        context.getRoot()
                .getStore(ExtensionContext.Namespace.create(SharedModel.class))
                .getOrComputeIfAbsent(SharedModel.class, key -> {
                    opened = Opened.open();
                    return opened;
                });
    }

    static GenerationEngine engine() {
        return opened.engine;
    }

    static Decoder base() {
        return opened.base;
    }
}
