package org.moelora.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moelora} itself: which commands there are. */
@Command(
        name = "moelora",
        header = "Fine-tunes language models with a mixture of LoRA experts.",
        synopsisHeading = "%nUsage: ",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = VersionText.class,
        footer = {
            "",
            "\"moelora help COMMAND\" shows a command's flags, with examples.",
        })
final class Moelora implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    private boolean version;

    @SuppressWarnings("NullAway.Init") // picocli sets spec
    Moelora() {}

    /** The whole command line, with what is common to all commands. */
    static CommandLine commandLine(Streams streams) {
        CommandLine all = new CommandLine(new Moelora())
                .addSubcommand(new DevicesCommand(streams))
                .addSubcommand(new CommandLine.HelpCommand());
        return all;
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
