package org.moelora.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/embedding.md shows compiles, and the tests that it names are there. */
class EmbeddingPageTest {
    private static final Path ROOT = Path.of("../..");

    private static String page() throws IOException {
        return Files.readString(ROOT.resolve("docs/embedding.md"));
    }

    @Test
    void theSnippetsCompile(@TempDir Path folder) throws IOException {
        Matcher snippets =
                Pattern.compile("(?s)## ([^\\n]+)\\n[^#]*?```java\\n(.*?)```").matcher(page());
        assertThat(snippets.find()).isTrue();
        assertThat(snippets.group(1)).isEqualTo("Plain Java");
        String plain = snippets.group(2);
        assertThat(snippets.find()).isTrue();
        assertThat(snippets.group(1)).isEqualTo("LangChain4j");
        String imports = Stream.of(
                        "dev.langchain4j.memory",
                        "dev.langchain4j.memory.chat",
                        "dev.langchain4j.model.chat",
                        "dev.langchain4j.model.embedding",
                        "dev.langchain4j.model.scoring",
                        "java.nio.file",
                        "java.time",
                        "org.moelora.adapter",
                        "org.moelora.langchain4j",
                        "org.moelora.model")
                .map(each -> "import " + each + ".*;")
                .collect(Collectors.joining("\n"));
        String source = """
                %s
                class Page {
                    void plain() {
                        %s
                    }
                    void langChain4j(Decoder base, Adapter support, GenerationEngine engine) {
                        %s
                    }
                }
                """.formatted(imports, plain, snippets.group(2));
        StringWriter said = new StringWriter();
        boolean compiles = ToolProvider.getSystemJavaCompiler()
                .getTask(
                        said,
                        null,
                        null,
                        List.of("-proc:none", "-cp", System.getProperty("java.class.path"), "-d", folder.toString()),
                        null,
                        List.of(
                                new SimpleJavaFileObject(
                                        URI.create("string:///Page.java"), JavaFileObject.Kind.SOURCE) {
                                    @Override
                                    public CharSequence getCharContent(boolean ignoreErrors) {
                                        return source;
                                    }
                                }))
                .call();
        assertThat(compiles).as(said.toString()).isTrue();
    }

    @Test
    void theTestsThatItNamesAreThere() throws IOException {
        Matcher named = Pattern.compile("`(\\w+Test)\\.(\\w+)`").matcher(page());
        List<String> missing = new ArrayList<>();
        int count = 0;
        while (named.find()) {
            count++;
            if (!contains(named.group(1), "void " + named.group(2) + "(")) {
                missing.add(named.group());
            }
        }
        assertThat(count).isGreaterThan(10);
        assertThat(missing).isEmpty();
    }

    private static boolean contains(String test, String method) throws IOException {
        for (String tests : List.of("engine", "moelora", "integrations")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(tests))) {
                for (Path file :
                        files.filter(each -> each.endsWith(test + ".java")).toList()) {
                    if (Files.readString(file).contains(method)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
