package org.moelora.cli;

import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
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
    static final String NO_COMMAND = "see moelora --help";
    private static final int LEAST_WIDTH = 60;
    private static final int MOST_WIDTH = 120;
    private static final Set<String> WITH_CONFIG = Set.of("train", "score", "eval", "generate");

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets spec
    Moelora() {}

    /** The whole command line, with what is common to all commands. */
    static CommandLine commandLine(Streams streams) {
        CommandLine all = new CommandLine(new Moelora())
                .addSubcommand(new DemoCommand(streams))
                .addSubcommand(new TrainCommand(streams))
                .addSubcommand(new ShowCommand(streams))
                .addSubcommand(new ReportCommand(streams))
                .addSubcommand(new ScoreCommand(streams))
                .addSubcommand(new EvalCommand(streams))
                .addSubcommand(new GenerateCommand(streams))
                .addSubcommand(new ServeCommand(streams))
                .addSubcommand(new InspectCommand(streams))
                .addSubcommand(new CompareCommand(streams))
                .addSubcommand(new MixCommand(streams))
                .addSubcommand(new GrowCommand(streams))
                .addSubcommand(new DropCommand(streams))
                .addSubcommand(new MergeCommand(streams))
                .addSubcommand(new DevicesCommand(streams))
                .addSubcommand(new LearnCommand(streams))
                .addSubcommand(new CommandLine.HelpCommand());
        all.setUsageHelpWidth(width(streams));
        CommonFlags.addHelpTo(all.getCommandSpec());
        all.getCommandSpec()
                .addOption(OptionSpec.builder("-V", "--version")
                        .versionHelp(true)
                        .description("Show the version.")
                        .build());
        all.getSubcommands().forEach((name, command) -> {
            CommandSpec spec = command.getCommandSpec();
            if (command.getCommand() instanceof SettingFlags.Owner owner) {
                owner.settings().addTo(spec);
            }
            if (!name.equals("help")) {
                CommonFlags.addTo(spec, WITH_CONFIG.contains(name));
            }
            spec.usageMessage().synopsisHeading("%nUsage: ").sortOptions(false);
            if (!name.equals("help")) {
                command.getHelpSectionMap().remove(UsageMessageSpec.SECTION_KEY_PARAMETER_LIST);
                command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, new SectionedHelp());
            }
        });
        return all;
    }

    /** Of the help. */
    private static int width(Streams streams) {
        int columns = streams.columns().getAsInt();
        return columns == 0 ? 80 : Math.clamp(columns, LEAST_WIDTH, MOST_WIDTH);
    }

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; expected one of "
                        + String.join(", ", spec.subcommands().keySet()) + "; " + NO_COMMAND);
    }
}
