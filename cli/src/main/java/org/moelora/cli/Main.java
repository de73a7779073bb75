package org.moelora.cli;

import java.io.PrintWriter;
import org.moelora.engine.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;

/**
 * Where the process starts. Ends with 0 after success, 1 if something failed, 2 for a user's mistake, which is told in one
 * sentence.
 */
public final class Main {
    static final int FAILED = 1;
    static final int MISTAKE = 2;

    private Main() {}

    public static void main(String[] args) {
        Streams streams = Streams.ofProcess();
        int code = run(streams, args);
        streams.out().flush();
        System.exit(code);
    }

    /** One run in this process. */
    static int run(Streams streams, String... args) {
        CommandLine commands = Moelora.commandLine(streams);
        commands.setOut(new PrintWriter(streams.out(), true, streams.out().charset()));
        commands.setErr(new PrintWriter(streams.err(), true, streams.err().charset()));
        commands.setColorScheme(CommandLine.Help.defaultColorScheme(streams.terminal() ? Ansi.AUTO : Ansi.OFF));
        commands.setParameterExceptionHandler((e, given) -> complain(streams, sentence(e), MISTAKE));
        commands.setExecutionExceptionHandler((e, command, result) -> switch (e) {
            case InputException mistake -> complain(streams, String.valueOf(mistake.getMessage()), MISTAKE);
            default -> complain(streams, "it failed: " + e, FAILED);
        });
        return commands.execute(args);
    }

    private static String sentence(ParameterException e) {
        String said =
                String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
        return said + "; see \"" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help\"";
    }

    private static int complain(Streams streams, String sentence, int code) {
        streams.out().flush();
        streams.err().println("moelora: " + sentence);
        return code;
    }
}
