package org.moelora.engine.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;

class JsonRowsTest {
    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("rows.json"), text);
    }

    private static List<String> texts(Path file) {
        List<String> all = new ArrayList<>();
        long rows = JsonRows.read(file, row -> all.add(row.string("text")));
        assertThat(rows).isEqualTo(all.size());
        return all;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"text\":\"a\"}\n{\"text\":\"ü\"}\n",
                "{\"text\":\"a\"}\n{\"text\":\"ü\"}",
                "\r\n{\"text\":\"a\"}\r\n\r\n  {\"text\": \"ü\"}  \r\n",
                "\uFEFF{\"text\":\"a\"}\n\n{\"text\":\"ü\"}\n",
                "[{\"text\":\"a\"},{\"text\":\"ü\"}]",
                "\uFEFF \n[\n{\"text\":\"a\"},\n{\"text\":\"ü\"}\n]\n"
            })
    void readsLinesAndArrays(String text) throws IOException {
        assertThat(texts(file(text))).containsExactly("a", "ü");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n \n", "[]", " [ ] "})
    void readsNoRows(String text) throws IOException {
        assertThat(texts(file(text))).isEmpty();
    }

    @Test
    void namesTheLine() throws IOException {
        Path lines = file("{\"text\":\"a\"}\n\n{\"text\":3}\n");
        assertThatThrownBy(() -> texts(lines)).hasMessage(lines + " line 3: field \"text\" is 3; expected a string");

        Path broken = file("{\"text\":\"a\"}\n{\"text\":\n\"b\"}\n");
        assertThatThrownBy(() -> texts(broken))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(broken + " line 2: not valid JSON");

        Path number = file("{\"text\":\"a\"}\n3\n");
        assertThatThrownBy(() -> texts(number)).hasMessage(number + " line 2: found 3; expected a JSON object");
    }

    @Test
    void namesTheRowOfAnArray() throws IOException {
        Path array = file("[{\"text\":\"a\"},\n{\"text\":3}]");
        assertThatThrownBy(() -> texts(array)).hasMessage(array + " row 2: field \"text\" is 3; expected a string");

        Path number = file("[{\"text\":\"a\"},3]");
        assertThatThrownBy(() -> texts(number))
                .hasMessage(number + " row 2: not an object; expected an array of JSON objects");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "[{\"text\":\"a\"}", "[{\"text\":\"a\"},]", "[] []", "[{\"text\":\"a\"}] x", "nope"})
    void refusesBrokenFiles(String text) throws IOException {
        Path file = file(text);

        assertThatThrownBy(() -> texts(file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file.toString())
                .message()
                .contains("; expected ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"text\":\"a\"}\n{\"text\":\"?\"}\n", "[{\"text\":\"a\"},{\"text\":\"?\"}]"})
    void refusesWhatIsNotUtf8(String text) throws IOException {
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        bytes[text.indexOf('?')] = (byte) 0xFF;
        Path file = Files.write(folder.resolve("bad"), bytes);

        assertThatThrownBy(() -> texts(file)).isInstanceOf(InputException.class).hasMessageContaining("not UTF-8 text");
    }

    @Test
    void readsLinesLongerThanAnyBuffer() throws IOException {
        List<String> expected = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (int length : new int[] {65_520, 65_521, 65_522, 65_523, 200_000, 1}) {
            expected.add("é".repeat(length / 2));
            text.append("{\"text\":\"").append(expected.getLast()).append("\"}\n");
        }

        assertThat(texts(file(text.toString()))).isEqualTo(expected);
    }

    @Test
    void namesAFileThatIsNotThere() {
        assertThatThrownBy(() -> texts(folder.resolve("none")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("there is no such file");
    }
}
