package org.moelora.cli;

import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The flags that no command reads itself: {@link Main}, {@link RunFile} and picocli do. */
final class CommonFlags {
    /** A file of flags. */
    static final String CONFIG = "--config";

    /** Whether the stack trace of a failure is shown. */
    static final String VERBOSE = "--verbose";

    static final String HELP = "--help";

    private CommonFlags() {}

    static void addTo(CommandSpec command, boolean config) {
        if (config) {
            command.addOption(OptionSpec.builder(CONFIG)
                    .paramLabel("FILE")
                    .type(Path.class)
                    .description(
                            "A YAML file with the names of these flags, without the dashes; flags that are given win.")
                    .build());
        }
        command.addOption(OptionSpec.builder(VERBOSE)
                .description("If something fails, show where in the code.")
                .build());
        addHelpTo(command);
    }

    static void addHelpTo(CommandSpec command) {
        command.addOption(OptionSpec.builder("-h", HELP)
                .usageHelp(true)
                .description("Show this help.")
                .build());
    }
}
