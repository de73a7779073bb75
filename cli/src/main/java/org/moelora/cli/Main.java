package org.moelora.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.moelora.engine.InputException;
import org.moelora.train.TrainingException;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Where the process starts. Ends with 0 after success, 1 if something failed, 2 for a user's mistake, which is told in one
 * sentence, and 130 or 143 when it was stopped by Ctrl-C (SIGINT) or SIGTERM.
 */
public final class Main {
    static final int FAILED = 1;
    static final int MISTAKE = 2;
    static final int STOPPED = 130;

    private Main() {}

    public static void main(String[] args) {
        Streams streams = Streams.ofProcess();
        int code = run(streams, args);
        streams.out().flush();
        System.exit(code);
    }

    /** One run in this process; returns the exit code. */
    static int run(Streams streams, String... args) {
        CommandLine commands = Moelora.commandLine(streams);
        commands.setOut(new PrintWriter(streams.out(), true, streams.out().charset()));
        commands.setErr(new PrintWriter(streams.err(), true, streams.err().charset()));
        commands.setColorScheme(CommandLine.Help.defaultColorScheme(streams.terminal() ? Ansi.AUTO : Ansi.OFF));
        commands.setParameterExceptionHandler((e, given) -> complain(streams, sentence(e), MISTAKE));
        commands.setExecutionExceptionHandler((e, command, result) -> {
            if (result.subcommand() != null && result.subcommand().hasMatchedOption(CommonFlags.VERBOSE)) {
                e.printStackTrace(streams.err());
            }
            return failed(streams, e);
        });
        try {
            return commands.execute(RunFile.expand(streams, args));
        } catch (InputException | OutOfMemoryError e) {
            return failed(streams, e);
        }
    }

    private static int failed(Streams streams, Throwable e) {
        String said = String.valueOf(e.getMessage());
        return switch (e) {
            case InputException mistake -> complain(streams, said, MISTAKE);
            case TrainingException training -> complain(streams, said, FAILED);
            case UncheckedIOException io -> complain(streams, said, FAILED);
            case OutOfMemoryError memory -> complain(streams, "there is not enough memory: " + said, FAILED);
            default -> complain(streams, "it failed: " + e + "; --verbose shows where", FAILED);
        };
    }

    private static String sentence(ParameterException e) {
        return firstLine(e) + suggestion(e) + "; see \""
                + e.getCommandLine().getCommandSpec().qualifiedName() + " --help\"";
    }

    /** What picocli complains about, without the advice that follows it at times. */
    static String firstLine(ParameterException e) {
        String line =
                String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
        line = line.replace(" is not an int", " is not a whole number")
                .replace(" is not a long", " is not a whole number")
                .replace(" is not a double", " is not a number");
        return line.isEmpty() ? line : Character.toLowerCase(line.charAt(0)) + line.substring(1);
    }

    private static String suggestion(ParameterException e) {
        return e instanceof UnmatchedArgumentException unmatched
                        && !unmatched.getSuggestions().isEmpty()
                ? "; did you mean " + unmatched.getSuggestions().getFirst() + "?"
                : "";
    }

    private static int complain(Streams streams, String sentence, int code) {
        streams.out().flush();
        streams.err().println("moelora: " + sentence);
        return code;
    }
}
