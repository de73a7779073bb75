package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.moelora.engine.InputException;
import picocli.CommandLine;

class LearnCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Streams streams = new Streams(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err,
            false,
            () -> 0);

    @Test
    void handsEverythingToTheLessons() {
        ToolProvider lessons = new ToolProvider() {
            @Override
            public String name() {
                return LearnCommand.TOOL;
            }

            @Override
            public int run(PrintWriter text, PrintWriter complaints, String... args) {
                text.print("▓ " + String.join(" ", args));
                text.flush();
                return 1;
            }
        };
        CommandLine command = new CommandLine(new LearnCommand(streams, () -> Optional.of(lessons)));
        assertThat(command.execute("3", "rate=0.1", "--picture", "--check")).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("▓ 3 rate=0.1 --picture --check");
    }

    @Test
    void saysWhereLessonsAreExpected() {
        LearnCommand command = new LearnCommand(streams, Optional::empty);
        assertThatThrownBy(command::call)
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "the lessons are not installed; expected moelora-learn.jar on the class path, as bin/moelora"
                                + " has it");
    }
}
