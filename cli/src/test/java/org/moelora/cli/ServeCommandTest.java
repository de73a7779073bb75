package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.server.MoeloraServer;
import picocli.CommandLine;

class ServeCommandTest {
    @TempDir
    private Path temp;

    @Test
    void servesUntilItIsStopped() throws IOException {
        Path key = Files.writeString(temp.resolve("key"), "secret\n");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream to = new PrintStream(out, true, StandardCharsets.UTF_8);
        Streams streams = new Streams(InputStream.nullInputStream(), to, to, false, () -> 0);
        MoeloraServer[] seen = new MoeloraServer[1];
        int code = new CommandLine(new ServeCommand(streams, server -> seen[0] = server))
                .execute(
                        "--model=" + Ran.TINY,
                        "--port=0",
                        "--batch=2",
                        "--max-cache=8",
                        "--prompt-lookup=4",
                        "--api-key-file=" + key);
        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("serving at " + seen[0].uri());
        assertThat(seen[0].load().running()).isZero();
    }

    @Test
    void whatCannotBeServedIsToldInASentence() throws IOException {
        Path empty = Files.createFile(temp.resolve("empty"));
        refused("--adapter is \"x\"; expected NAME=DIR", "--adapter", "x");
        refused("two adapters are called \"x\"", "--adapter", "x=a", "--adapter", "x=b");
        refused("is empty, or has something else than an API key", "--api-key-file", empty);
        refused("there is no such file", "--api-key-file", temp.resolve("nothing"));
        refused("other machines reach 0.0.0.0", "--host", "0.0.0.0");
        refused("--timeout is 0", "--timeout", "0");
        refused("batch is 0", "--batch", "0");
    }

    private static void refused(String sentence, Object first, Object second, Object... more) {
        Object[] args = new Object[5 + more.length];
        args[0] = "serve";
        args[1] = "--model=" + Ran.TINY;
        args[2] = "--port=0";
        args[3] = first;
        args[4] = second;
        System.arraycopy(more, 0, args, 5, more.length);
        Ran ran = Ran.of(args);
        assertThat(ran.code()).as(ran.err()).isEqualTo(Main.MISTAKE);
        assertThat(ran.err()).contains(sentence);
    }
}
