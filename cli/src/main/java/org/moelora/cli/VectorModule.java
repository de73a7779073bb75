package org.moelora.cli;

import java.lang.reflect.InvocationTargetException;

/**
 * Loads the JDK's Vector API after the JVM has started. A JVM that is told to start with it, by {@code --add-modules} or by a module that
 * requires it, writes a warning on stderr above all else, which no option switches off.
 */
final class VectorModule {
    private static final String NAME = "jdk.incubator.vector";

    private VectorModule() {}

    /**
     * Needs {@code --add-exports java.base/jdk.internal.module=ALL-UNNAMED} and the class path, as {@code bin/moelora} starts; where it
     * started otherwise nothing happens, and the device that is chosen says what it lacks. To be called before a device is looked for.
     */
    static void load() {
        boolean there = ModuleLayer.boot().findModule(NAME).isPresent();
        if (there || !Object.class.getModule().isExported("jdk.internal.module", VectorModule.class.getModule())) {
            return;
        }
        try {
            Class.forName("jdk.internal.module.Modules")
                    .getMethod("loadModule", String.class)
                    .invoke(null, NAME);
        } catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException e) {
            throw new IllegalStateException(
                    "this JDK has another way to load " + NAME + "; expected --add-modules " + NAME
                            + " in MOELORA_JAVA_OPTIONS",
                    e);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("this JDK cannot load " + NAME + ": " + e.getCause(), e);
        }
    }
}
