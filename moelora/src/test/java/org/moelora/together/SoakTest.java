package org.moelora.together;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.hostile.OwnJvm;
import org.moelora.model.Vectors;

/**
 * A service for a day, in a JVM of its own with 512 MB of heap: after 1,000 rounds ({@code -Dmoelora.soak.rounds=N} for others) it is as large as after
 * ten. All of the heap is resident from the beginning, as in a service, so that its growing and shrinking hides nothing; what the JVM adds
 * meanwhile is compiled code.
 */
class SoakTest {
    private static final int ROUNDS = Integer.getInteger("moelora.soak.rounds", 1000);
    private static final Pattern READING = Pattern.compile("round (\\d+) resident (\\d+) leased (\\d+)");

    private record Reading(int round, long resident, long leased) {
        static Reading of(String line) {
            Matcher matcher = READING.matcher(line);
            assertThat(matcher.matches()).as(line).isTrue();
            return new Reading(
                    Integer.parseInt(matcher.group(1)),
                    Long.parseLong(matcher.group(2)),
                    Long.parseLong(matcher.group(3)));
        }
    }

    @Test
    void nothingGrows(@TempDir Path temp) throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "needs /proc/self/status");
        List<Reading> readings = OwnJvm.run(
                        temp.resolve("log"),
                        List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch"),
                        Soak.class,
                        Vectors.path("llama"),
                        ROUNDS)
                .stream()
                .filter(line -> line.startsWith("round "))
                .map(Reading::of)
                .toList();
        Reading tenth = readings.getFirst();
        Reading last = readings.getLast();
        System.getLogger(SoakTest.class.getName())
                .log(
                        System.Logger.Level.INFO,
                        "resident KiB after round {0}: {1}, after round {2}: {3}",
                        10,
                        tenth.resident(),
                        last.round(),
                        last.resident());
        assertThat(tenth.round()).isEqualTo(10);
        assertThat(last.round()).isEqualTo(ROUNDS);
        assertThat(readings).extracting(Reading::leased).containsOnly(tenth.leased());
        assertThat(last.resident()).isBetween(tenth.resident() * 95 / 100, tenth.resident() * 105 / 100);
    }
}
