package org.moelora.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/adding-an-op.md shows what is in the tree, and counts the files that it is in. */
class AddingAnOpPageTest {
    private static final Path ROOT = Path.of("..");
    private static final Path ENGINE = ROOT.resolve("engine/src");
    private static final Path CORE = ROOT.resolve("kernels/core/src/main/java/org/moelora/kernels");
    private static final Path OPENCL = ROOT.resolve("kernels/opencl/src/main");

    /** The five files of squared ReLU. */
    private static final List<Path> FILES = List.of(
            ENGINE.resolve("test/java/org/moelora/engine/ops/OpsTest.java"),
            ENGINE.resolve("main/java/org/moelora/engine/ops/SquaredRelu.java"),
            CORE.resolve("Activation.java"),
            CORE.resolve("simd/SimdElementwise.java"),
            OPENCL.resolve("resources/org/moelora/kernels/opencl/elementwise.cl"));

    private static final Path IN_ONE_FILE = ROOT.resolve("moelora/src/test/java/org/moelora/model/CustomOpTest.java");

    private static final Pattern SNIPPET = Pattern.compile("```(?:java|c)\\n(.*?)```", Pattern.DOTALL);

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As it reads without Javadoc, wherever it is wrapped. */
    private static String joined(String code) {
        return code.replaceAll("(?s)/\\*\\*.*?\\*/", "").replaceAll("\\s+", "");
    }

    @Test
    void snippetsAreInTheTree() {
        String tree = Stream.concat(FILES.stream(), Stream.of(IN_ONE_FILE))
                .map(file -> joined(read(file)))
                .collect(Collectors.joining("\n"));
        List<String> snippets = SNIPPET.matcher(read(ROOT.resolve("docs/adding-an-op.md")))
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(snippets).hasSize(6).allMatch(snippet -> tree.contains(joined(snippet)));
    }

    /** The main code and the .cl files name it in four files; the check is the fifth. */
    @Test
    void squaredReluIsInFiveFiles() throws IOException {
        Pattern name = Pattern.compile("SquaredRelu|SQUARED_RELU|squared_relu");
        try (Stream<Path> kernels = Files.walk(CORE);
                Stream<Path> opencl = Files.walk(OPENCL);
                Stream<Path> engine = Files.walk(ENGINE)) {
            assertThat(Stream.of(kernels, opencl, engine)
                            .flatMap(files -> files)
                            .filter(file -> file.toString().endsWith(".java")
                                    || file.toString().endsWith(".cl"))
                            .filter(file -> !file.endsWith("AddingAnOpPageTest.java"))
                            .filter(file -> name.matcher(read(file)).find()))
                    .containsExactlyInAnyOrderElementsOf(FILES);
        }
    }

    @Test
    void theTableNamesThem() {
        String page = read(ROOT.resolve("docs/adding-an-op.md"));
        for (Path file : FILES) {
            assertThat(page).containsPattern("\\| `[a-z/]+\\.\\.\\./[a-z/]*" + file.getFileName() + "` \\| \\d+ \\|");
        }
    }
}
