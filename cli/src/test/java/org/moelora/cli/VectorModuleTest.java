package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command in a JVM of its own, started as {@code bin/moelora} does. */
class VectorModuleTest {
    @TempDir
    private Path folder;

    @Test
    void theVectorApiIsThereAndNothingStandsAboveTheAnswer() throws Exception {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-exports=java.base/jdk.internal.module=ALL-UNNAMED",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                System.getProperty("jdk.module.path", ""),
                                System.getProperty("java.class.path", "")),
                        Main.class.getName(),
                        "devices")
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        assertThat(Files.readString(out)).contains("chosen: cpu-simd");
        assertThat(Files.readString(err)).contains("moelora: cpu-simd").doesNotContain("incubator");
    }
}
