package org.moelora.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.model.Vectors;

/** In a JVM of its own, which a fault in mapped memory would end. */
class ShrinkingFileTest {
    @ParameterizedTest
    @CsvSource({"cpu-plain, 0", "cpu-simd, 0", "cpu-simd, 300"}) // interpreted and compiled
    void aFileThatIsCutOffWhileItIsMappedIsOneSentence(String device, int rounds, @TempDir Path temp)
            throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "elsewhere a file that is mapped cannot be cut off");
        Path model = Files.createDirectories(temp.resolve("model"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(Vectors.path("llama").resolve(name), model.resolve(name));
        }
        List<String> lines =
                OwnJvm.run(temp.resolve("log"), List.of("-Xmx128m"), Shrinking.class, model, device, rounds);
        assertThat(lines)
                .anySatisfy(line -> assertThat(line)
                        .startsWith("refused: ")
                        .contains("model.safetensors", "bytes long now", "expected no program to write"))
                .endsWith("still alive");
    }
}
