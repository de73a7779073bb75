package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ConsoleLoggersTest {
    @Test
    void aMessageIsOneShortLine() {
        PrintStream stderr = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            System.LoggerFinder finder = new ConsoleLoggers();
            System.Logger ours =
                    finder.getLogger("org.moelora.model.X", getClass().getModule());
            ours.log(System.Logger.Level.INFO, "found it");
            ours.log(System.Logger.Level.WARNING, "{0} of {1}", "one", 2);
            ours.log(System.Logger.Level.DEBUG, "a detail");
            System.Logger theirs = finder.getLogger("com.example.X", getClass().getModule());
            theirs.log(System.Logger.Level.INFO, "chatter");
        } finally {
            System.setErr(stderr);
        }
        assertThat(written.toString(StandardCharsets.UTF_8).lines())
                .containsExactly("moelora: found it", "moelora: one of 2");
    }
}
