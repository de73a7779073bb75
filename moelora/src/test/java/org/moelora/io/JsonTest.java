package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;

class JsonTest {
    private static JsonObject parse(String text) {
        return Json.parse(text, "config.json");
    }

    @Test
    void readsEveryKindOfValue() {
        JsonObject o = parse("""
                {"s": "a\\u00e9\\n\\ud83d\\ude00", "i": -3, "l": 9007199254740993, "d": 1e-05, "t": true, "n": null,
                 "o": {"x": 1.0}, "a": [1, "two", [3], {"four": 4}, null]}
                """);

        assertThat(o.names()).containsExactly("s", "i", "l", "d", "t", "n", "o", "a");
        assertThat(o.string("s")).isEqualTo("aé\n😀");
        assertThat(o.integer("i")).isEqualTo(-3);
        assertThat(o.longInteger("l")).isEqualTo(9007199254740993L);
        assertThat(o.number("d")).isEqualTo(0.00001);
        assertThat(o.number("i")).isEqualTo(-3.0);
        assertThat(o.flag("t")).isTrue();
        assertThat(o.has("n")).isFalse();
        assertThat(o.object("o").number("x")).isEqualTo(1.0);
        assertThat(o.array("a").size()).isEqualTo(5);
        assertThat(o.array("a").array(2).integers()).containsExactly(3);
        assertThat(o.array("a").get(4)).isNull();
    }

    @Test
    void keepsWholeNumbersExact() {
        JsonObject o =
                parse("{\"min\": -9223372036854775808, \"max\": 9223372036854775807, \"big\": 9223372036854775808}");

        assertThat(o.longInteger("min")).isEqualTo(Long.MIN_VALUE);
        assertThat(o.longInteger("max")).isEqualTo(Long.MAX_VALUE);
        assertThat(o.get("big")).isEqualTo(new BigInteger("9223372036854775808"));
        assertThat(o.number("big")).isEqualTo(0x1p63);
        assertThatThrownBy(() -> o.longInteger("big"))
                .hasMessage(
                        "config.json: field \"big\" is 9223372036854775808; expected an integer from -2^63 to 2^63 - 1");
    }

    @Test
    void takesTheDefaultForMissingAndNullOnly() {
        JsonObject o = parse("{\"n\": null, \"s\": \"x\"}");

        assertThat(o.integer("n", 7)).isEqualTo(7);
        assertThat(o.integer("none", 7)).isEqualTo(7);
        assertThat(o.string("n", "d")).isEqualTo("d");
        assertThat(o.stringOrNull("none")).isNull();
        assertThat(o.objectOrNull("none")).isNull();
        assertThat(o.arrayOrNull("n")).isNull();
        assertThat(o.optionalInteger("n")).isEmpty();
        assertThat(o.number("none", 0.5)).isEqualTo(0.5);
        assertThat(o.flag("none", true)).isTrue();
        assertThatThrownBy(() -> o.integer("s", 7))
                .hasMessage("config.json: field \"s\" is \"x\"; expected an integer");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "2147483648", "1.0", "\"8\"", "true", "null", "[8]", "{}"})
    void refusesWhatIsNotAPositiveInteger(String value) {
        JsonObject o = parse("{\"hidden_size\": " + value + "}");

        assertThatThrownBy(() -> o.positiveInteger("hidden_size"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("config.json: field \"hidden_size\" is ")
                .hasMessageEndingWith(
                        value.equals("2147483648")
                                ? "; expected an integer from 1 to 2147483647"
                                : "; expected a positive integer");
    }

    @Test
    void namesTheFileAndTheFieldInComplaints() {
        JsonObject o = parse("{\"rope\": {\"factor\": \"abc\"}, \"m\": [{}, {\"role\": 1}], \"ids\": [1, 2.5]}");

        assertThatThrownBy(() -> o.positiveInteger("hidden_size"))
                .hasMessage("config.json: field \"hidden_size\" is missing; expected a positive integer");
        assertThatThrownBy(() -> o.object("rope").number("factor"))
                .hasMessage("config.json: field \"rope.factor\" is \"abc\"; expected a number");
        assertThatThrownBy(() -> o.array("m").object(1).string("role"))
                .hasMessage("config.json: field \"m[1].role\" is 1; expected a string");
        assertThatThrownBy(() -> o.array("ids").integers())
                .hasMessage("config.json: field \"ids[1]\" is 2.5; expected an integer");
        assertThatThrownBy(() -> o.flag("m"))
                .hasMessage("config.json: field \"m\" is an array; expected true or false");
        assertThatThrownBy(() -> o.array("rope"))
                .hasMessage("config.json: field \"rope\" is an object; expected an array");
    }

    @Test
    void showsOnlyTheBeginningOfALongText() {
        JsonObject o = parse("{\"a\": \"" + "x".repeat(1000) + "\"}");

        assertThatThrownBy(() -> o.integer("a"))
                .hasMessage("config.json: field \"a\" is \"" + "x".repeat(40) + "...\"; expected an integer");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{\"a\":}",
                "{\"a\":1,}",
                "{'a':1}",
                "{a:1}",
                "{\"a\":01}",
                "{\"a\":+1}",
                "{\"a\":.5}",
                "{\"a\":NaN}",
                "{\"a\":Infinity}",
                "{\"a\":1e999}",
                "{\"a\":1} x",
                "{\"a\":1}{}",
                "// no\n{}",
                "[1]",
                "3",
                "\"text\"",
                "null",
                "{\"a\":\"\n\"}",
                "{\"a\":\"\\x\"}",
                "{\"a\":tru}"
            })
    void refusesWhatIsNotStrictJson(String text) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("config.json: ")
                .message()
                .contains("; expected ")
                .doesNotContain("\n");
    }

    @Test
    void refusesAFieldThatIsThereTwice() {
        assertThatThrownBy(() -> parse("{\"a\": {\"b\": null, \"b\": 1}}"))
                .hasMessage("config.json: field \"a.b\" is there twice; expected it once");
    }

    @Test
    void boundsTheDepth() {
        String deepest = "{\"a\":".repeat(Json.MAX_DEPTH - 1) + "{}" + "}".repeat(Json.MAX_DEPTH - 1);
        assertThat(parse(deepest).has("a")).isTrue();

        assertThatThrownBy(() -> parse("{\"a\":" + deepest + "}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("at most 64 levels");
        assertThatThrownBy(() -> parse("{\"a\":" + "[".repeat(1_000_000))).isInstanceOf(InputException.class);
    }

    @ParameterizedTest
    @CsvSource({"C0AF", "FF", "EDA080", "E282"})
    void refusesWhatIsNotUtf8(String hex) {
        byte[] middle = java.util.HexFormat.of().parseHex(hex);
        byte[] bytes = new byte[middle.length + 8];
        System.arraycopy("{\"a\":\"".getBytes(StandardCharsets.UTF_8), 0, bytes, 0, 6);
        System.arraycopy(middle, 0, bytes, 6, middle.length);
        System.arraycopy("\"}".getBytes(StandardCharsets.UTF_8), 0, bytes, 6 + middle.length, 2);

        assertThatThrownBy(() -> Json.parse(bytes, "x.json"))
                .hasMessage("x.json: not UTF-8 text; expected JSON in UTF-8");
    }

    @Test
    void readsFilesWithOrWithoutAByteOrderMark(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("a.json"), "\uFEFF{\"a\": \"ü\"}");

        assertThat(Json.read(file).string("a")).isEqualTo("ü");
    }

    @Test
    void namesAFileThatCannotBeRead(@TempDir Path folder) {
        Path file = folder.resolve("none.json");

        assertThatThrownBy(() -> Json.read(file))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ": there is no such file or folder; expected a JSON file");
        assertThatThrownBy(() -> Json.read(folder)).isInstanceOf(InputException.class);
    }

    /** A vocabulary's names may collide in any symbol table, by chance or by design. */
    @Test
    void readsManyNamesOfOneHash() {
        StringBuilder text = new StringBuilder("{");
        int count = 1 << 12;
        for (int i = 0; i < count; i++) {
            StringBuilder name = new StringBuilder();
            for (int bit = 0; bit < 12; bit++) {
                name.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            text.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(name)
                    .append("\":")
                    .append(i);
        }

        assertThat(parse(text.append('}').toString()).names()).hasSize(count);
    }

    @Test
    void aDocumentHasOnlySoManyValuesAndSoMuchText() {
        String many = "{\"a\":[" + "0,".repeat(Json.MAX_VALUES) + "0]}";
        assertThatThrownBy(() -> parse(many))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("more than " + Json.MAX_VALUES + " values");
        String name = "{\"" + "n".repeat(Json.MAX_NAME + 1) + "\":1}";
        assertThatThrownBy(() -> parse(name)).isInstanceOf(InputException.class).hasMessageContaining("too long");
        String digits = "{\"a\":" + "1".repeat(2000) + "}";
        assertThatThrownBy(() -> parse(digits))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("too long");
    }

    @Test
    void aComplaintIsOnePrintableLineOfBoundedLength() {
        assertThatThrownBy(() -> parse("{\"a\\u001b[2J\\n\":1e999}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("a\\u001b[2J\\u000a");
        String name = "n".repeat(60_000);
        assertThatThrownBy(() -> parse("{\"" + name + "\":1e999}"))
                .isInstanceOf(InputException.class)
                .message()
                .hasSizeLessThan(5000)
                .contains("expected a number that a double can hold");
    }
}
