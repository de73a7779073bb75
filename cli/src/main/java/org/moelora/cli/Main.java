package org.moelora.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.moelora.engine.InputException;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.train.TrainingException;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

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
        VectorModule.load();
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
        commands.setParameterExceptionHandler((e, given) -> complain(streams, Mistakes.sentence(e), MISTAKE));
        commands.setExecutionExceptionHandler((e, command, result) -> {
            if (result.subcommand() != null && result.subcommand().hasMatchedOption(CommonFlags.VERBOSE)) {
                e.printStackTrace(streams.err());
            }
            return failed(streams, e);
        });
        try {
            Mistakes.checkNames(commands, args);
            return commands.execute(RunFile.expand(streams, args));
        } catch (InputException | OutOfDeviceMemoryException | OutOfMemoryError e) {
            return failed(streams, e);
        }
    }

    private static int failed(Streams streams, Throwable e) {
        String said = String.valueOf(e.getMessage());
        return switch (e) {
            case InputException mistake -> complain(streams, said, MISTAKE);
            case TrainingException training -> complain(streams, said, FAILED);
            case UncheckedIOException io -> complain(streams, said, FAILED);
            case OutOfDeviceMemoryException memory -> complain(streams, said, FAILED);
            case OutOfMemoryError memory -> complain(streams, "there is not enough memory: " + said, FAILED);
            default -> complain(streams, "it failed: " + e + "; --verbose shows where", FAILED);
        };
    }

    private static int complain(Streams streams, String sentence, int code) {
        streams.out().flush();
        streams.err().println("moelora: " + sentence);
        return code;
    }
}
