package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    /** Half of a surrogate pair is no character: no tokenizer has an id for it. */
    @ParameterizedTest
    @ValueSource(strings = {"a\\ud83d", "\\ude42 b", "\\ud83dx\\ude42", "\\ude42\\ud83d"})
    void refusesHalfOfACharacter(String text) throws IOException {
        Path lines = file("{\"text\":\"\\ud83d\\ude42\"}\n{\"text\":\"" + text + "\"}\n");
        assertThatThrownBy(() -> texts(lines))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(lines + " line 2: field \"text\" has half of a surrogate pair, \\ud")
                .hasMessageContaining("; expected whole characters");
        Path array = file("[{\"text\":\"\\ud83d\\ude42\"},{\"text\":\"x\",\"deep\":[{\"in\":\"" + text + "\"}]}]");
        assertThatThrownBy(() -> texts(array))
                .hasMessageStartingWith(array + " row 2: field \"deep[0].in\" has half of a surrogate pair");
    }

    @Test
    void refusesAFieldThatIsThereTwice() throws IOException {
        Path lines = file("{\"text\":\"a\",\"text\":\"b\"}");
        assertThatThrownBy(() -> texts(lines))
                .hasMessage(lines + " line 1: field \"text\" is there twice; expected it once");
    }

    /** What begins a file of another kind, as hexadecimal digits or as text. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "50415231 15041500, is a Parquet file; expected rows written as JSON Lines",
                "1F8B0800 0000, is compressed with gzip; expected the file in it",
                "425A6839 3141, is compressed with bzip2",
                "FD377A58 5A00, is compressed with xz",
                "28B52FFD 0400, is compressed with zstd",
                "504B0304 14000000, is a zip archive; expected the file in it",
                "504B0304 1400 786C2F776F726B626F6F6B2E786D6C, is an Excel workbook; expected rows",
                "4152524F 57310000, is an Arrow file; expected rows",
                "FFFFFFFF 10010000, is an Arrow stream; expected rows",
                "FFFE7B00 22007400, is text in UTF-16 or UTF-32; expected text in UTF-8",
                "FEFF007B 00220074, is text in UTF-16",
                "7B002200 74006500, is text in UTF-16",
                "007B0022 00740065, is text in UTF-16",
                "47475546 03000000, is a GGUF model; expected rows of data",
            })
    void namesAFileOfAnotherKind(String bytes, String sentence) throws IOException {
        Path file = Files.write(folder.resolve("data"), HexFormat.of().parseHex(bytes.replace(" ", "")));
        assertThatThrownBy(() -> texts(file))
                .isInstanceOf(InputException.class)
                .message()
                .startsWith(file + ": " + sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`instruction,output\nAdd,3\n`|`is CSV with the columns instruction, output; expected JSON Lines, one object`",
                "`\uFEFF\"a \"\"b\"\"\",\"c\"\r\n1,2`|`is CSV with the columns`",
                "`a;b;c\n`|`is CSV with the columns a, b, c; expected`",
                "`a\tb\n1\t2`|`is TSV with the columns a, b; expected`",
                "`a,b,c,d,e,f,g,h,i,j\n`|`is CSV with the columns a, b, c, d, e, f, g, h and 2 more; expected`",
                "`<!DOCTYPE html>\n<html>`|`is an HTML page, not the data`",
                "`version https://git-lfs.github.com/spec/v1\noid sha256:0`|`is a pointer of Git LFS, not the file itself`",
                "`Once upon a time.\n`|`line 1: not valid JSON`",
            })
    void namesATextOfAnotherKind(String text, String sentence) throws IOException {
        Path file = file(text.translateEscapes());
        assertThatThrownBy(() -> texts(file))
                .isInstanceOf(InputException.class)
                .message()
                .startsWith(sentence.startsWith("line") ? file + " " + sentence : file + ": " + sentence)
                .contains("; expected ");
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
