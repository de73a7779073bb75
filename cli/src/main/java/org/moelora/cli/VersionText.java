package org.moelora.cli;

import java.lang.module.ModuleDescriptor;
import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class VersionText implements IVersionProvider {
    @Override
    public String[] getVersion() {
        // The build writes the version into the module's descriptor, and for the class path into the jar's manifest.
        String version = Optional.ofNullable(VersionText.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .or(() -> Optional.ofNullable(VersionText.class.getPackage().getImplementationVersion()))
                .orElse("(not packaged)");
        return new String[] {
            "moelora " + version, "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"
        };
    }
}
