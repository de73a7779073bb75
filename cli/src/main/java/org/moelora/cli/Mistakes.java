package org.moelora.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in one sentence. */
final class Mistakes {
    private static final Pattern FLAG = Pattern.compile("--?[A-Za-z][A-Za-z0-9_-]*(=.*)?", Pattern.DOTALL);

    private Mistakes() {}

    /**
     * Refuses a command or a flag that does not exist, before anything is reported missing: what is missing is most often what is misspelt.
     *
     * @throws InputException with the nearest name
     */
    static void checkNames(CommandLine commands, String[] args) {
        int at = 0;
        CommandLine command = commands;
        if (args.length > 0 && !args[0].startsWith("-")) {
            command = commands.getSubcommands().get(args[0]);
            if (command == null) {
                throw new InputException(unknownCommand(commands, args[0]));
            }
            at = 1;
        }
        CommandSpec spec = command.getCommandSpec();
        for (; at < args.length && !args[at].equals("--"); at++) {
            String name = args[at].replaceFirst("(?s)=.*$", "");
            OptionSpec option = spec.findOption(name);
            if (option != null) {
                at += args[at].equals(name) ? option.arity().min() : 0; // its values may look like flags
            } else if (FLAG.matcher(args[at]).matches() && !isCluster(spec, name)) {
                throw new InputException(unknownFlag(spec, name));
            }
        }
    }

    /** Whether it is short flags behind one dash. */
    private static boolean isCluster(CommandSpec spec, String name) {
        return !name.startsWith("--")
                && name.chars().skip(1).allMatch(letter -> spec.findOption((char) letter) != null);
    }

    private static String unknownCommand(CommandLine commands, String name) {
        Collection<String> names = commands.getSubcommands().keySet();
        return "\"" + name + "\" is no command; expected one of " + String.join(", ", names)
                + Spelling.suggestion(name, names);
    }

    private static String unknownFlag(CommandSpec spec, String name) {
        List<String> names = new ArrayList<>();
        spec.options().forEach(option -> names.addAll(List.of(option.names())));
        String known = name.startsWith("--") ? name : "-" + name;
        return name + " is no flag of " + spec.qualifiedName() + "; expected flags as " + spec.qualifiedName()
                + " --help shows them" + Spelling.suggestion(known, names);
    }

    /** The sentence for what the parser complains about. */
    static String sentence(ParameterException e) {
        CommandSpec spec = e.getCommandLine().getCommandSpec();
        return wrong(e, spec)
                + (e.getMessage() != null && e.getMessage().endsWith(Moelora.NO_COMMAND)
                        ? ""
                        : "; see " + spec.qualifiedName() + " --help");
    }

    private static String wrong(ParameterException e, CommandSpec spec) {
        ArgSpec arg = e.getArgSpec();
        String value = e.getValue();
        return switch (e) {
            case MissingParameterException missing -> missing(missing);
            case OverwrittenOptionException twice -> name(twice.getOverwritten()) + " is given twice; expected it once";
            case UnmatchedArgumentException more
            when !more.getUnmatched().isEmpty() ->
                "\"" + more.getUnmatched().getFirst() + "\" belongs to no flag; expected "
                        + (spec.positionalParameters().isEmpty()
                                ? "flags and their values only"
                                : "one "
                                        + spec.positionalParameters().getFirst().paramLabel());
            default ->
                arg != null && value != null && !isSwitch(arg)
                        ? name(arg) + " is \"" + value + "\"; expected " + kind(arg.type())
                        : arg != null && isSwitch(arg)
                                ? name(arg) + " is " + (value == null ? "given with a value" : "\"" + value + "\"")
                                        + "; expected it without a value"
                                : String.valueOf(e.getMessage())
                                        .lines()
                                        .findFirst()
                                        .orElse("");
        };
    }

    private static boolean isSwitch(ArgSpec arg) {
        return arg.arity().max() == 0;
    }

    private static String missing(MissingParameterException e) {
        List<ArgSpec> all = e.getMissing();
        boolean withoutValue = all.size() == 1
                && all.getFirst().isOption()
                && !String.valueOf(e.getMessage()).startsWith("Missing required option");
        if (withoutValue) {
            return name(all.getFirst()) + " has no value; expected " + form(all.getFirst());
        }
        return all.stream().map(Mistakes::name).collect(Collectors.joining(" and "))
                + (all.size() == 1 ? " is" : " are") + " missing; expected "
                + all.stream().map(Mistakes::form).collect(Collectors.joining(" "));
    }

    private static String name(ArgSpec arg) {
        return arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel();
    }

    private static String form(ArgSpec arg) {
        return arg instanceof OptionSpec option ? option.longestName() + "=" + arg.paramLabel() : arg.paramLabel();
    }

    /** What a value has to be, as it follows "expected". */
    private static String kind(@Nullable Class<?> type) {
        if (type == int.class || type == Integer.class) {
            return "a whole number, at most " + Figures.count(Integer.MAX_VALUE);
        }
        if (type == long.class || type == Long.class) {
            return "a whole number of at most 64 bits";
        }
        return type == double.class || type == Double.class ? "a number" : "another value";
    }

    /** What the parser complains about, for a file of flags. */
    static String inFile(ParameterException e) {
        return wrong(e, e.getCommandLine().getCommandSpec());
    }
}
