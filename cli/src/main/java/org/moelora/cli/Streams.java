package org.moelora.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Where a command reads and writes.
 *
 * @param in questions, one a line
 * @param out results
 * @param err progress and complaints
 * @param terminal whether a person is watching, so that a line may be redrawn
 * @param columns characters that fit in a line; 0 where lines may have any length, as in a file
 */
record Streams(InputStream in, PrintStream out, PrintStream err, boolean terminal, IntSupplier columns) {
    /** The process's own. */
    @SuppressWarnings("SystemConsoleNull") // it may again be null since JDK 25, when a stream is redirected
    static Streams ofProcess() {
        Console console = System.console();
        boolean terminal = console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
        Charset charset = charset(terminal);
        return new Streams(
                System.in,
                new PrintStream(new FileOutputStream(FileDescriptor.out), false, charset),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, charset),
                terminal,
                () -> columns(terminal));
    }

    /** What the variable COLUMNS says, or the terminal. */
    private static int columns(boolean terminal) {
        String said = System.getenv("COLUMNS");
        if (said != null && said.matches("[1-9][0-9]{0,3}")) {
            return Integer.parseInt(said);
        }
        return terminal ? new UsageMessageSpec().autoWidth(true).width() : 0;
    }

    /** What a terminal shows; UTF-8 into files and pipes, and where the locale would make question marks of letters. */
    private static Charset charset(boolean terminal) {
        String name = System.getProperty("stdout.encoding");
        Charset charset = terminal && name != null ? Charset.forName(name, StandardCharsets.UTF_8) : null;
        return charset == null || charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset;
    }
}
