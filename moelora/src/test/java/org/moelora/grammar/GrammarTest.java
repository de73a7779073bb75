package org.moelora.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.io.Json;
import org.moelora.io.JsonWriter;
import org.moelora.text.Tokenizer;
import org.moelora.text.TokenizerFixture;

/** Texts of random tokens, as far as a grammar allows them, with a vocabulary of bytes and one of pieces. */
class GrammarTest {
    private static final int END = 1;
    private static final int SPACE = 3 + 256 + 94;

    @TempDir
    private static Path folder;

    private static Tokenizer bytes;
    private static Tokenizer pieces;

    @BeforeAll
    static void read() {
        bytes = Tokenizer.read(Path.of("../test-models/tiny/tokenizer.json"));
        pieces = pieces();
    }

    /** Letters, words and bytes, with a space that encoding puts before a text. */
    private static Tokenizer pieces() {
        List<String> tokens = new ArrayList<>(List.of("<s>", "</s>", "<unk>"));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
        }
        for (char c = ' ' + 1; c < 127; c++) {
            tokens.add(String.valueOf(c));
        }
        tokens.addAll(List.of(
                "▁", "▁▁", "▁{", "{\"", "\":", "▁\"", "\",", "\"}", "}}", "]}", "[]", "é", "▁é", "漢", "😀", "an", "ana",
                "▁12", "34", "true", "▁fal", "se", "null", "name", "\\\"", "\\u00", "ab12", "-1"));
        StringBuilder vocabulary = new StringBuilder("{");
        for (int i = 0; i < tokens.size(); i++) {
            vocabulary
                    .append(i == 0 ? "" : ", ")
                    .append(JsonWriter.line(tokens.get(i)))
                    .append(": ")
                    .append(i);
        }
        return new TokenizerFixture(vocabulary.append('}').toString(), "[]")
                .model("byte_fallback", "true")
                .model("unk_token", "\"<unk>\"")
                .field("pre_tokenizer", "null")
                .field("normalizer", """
                    {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                     {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}""")
                .field("decoder", """
                    {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                     {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}""")
                .field("added_tokens", """
                    [{"id": 0, "content": "<s>", "special": true}, {"id": 1, "content": "</s>", "special": true},
                     {"id": 2, "content": "<unk>", "special": true}]""")
                .in(folder);
    }

    private static TokenMasks masks(Tokenizer tokenizer, Grammar grammar) {
        return new TokenMasks(
                tokenizer, new TokenTrie(tokenizer, tokenizer.vocabularySize() + 3, List.of(END)), grammar);
    }

    private static int[] allowed(Constraint constraint, Tokenizer tokenizer) {
        float[] logits = new float[tokenizer.vocabularySize() + 3];
        constraint.restrict(logits, List.of(END));
        return IntStream.range(0, logits.length).filter(id -> logits[id] == 0).toArray();
    }

    /** A text of random tokens; null if it has no end after so many. */
    private static String sample(TokenMasks masks, Tokenizer tokenizer, Random random, int most) {
        Constraint constraint = masks.begin();
        List<Integer> ids = new ArrayList<>();
        while (!constraint.complete()) {
            int[] allowed = allowed(constraint, tokenizer);
            assertThat(allowed).isNotEmpty();
            int id = allowed[random.nextInt(allowed.length)];
            if (random.nextInt(3) > 0) { // towards the end
                int[] closing = Arrays.stream(allowed)
                        .filter(each -> each == END
                                || new String(tokenizer.bytes(each), StandardCharsets.UTF_8).matches("[\"}\\],:]+"))
                        .toArray();
                id = closing.length == 0 ? id : closing[random.nextInt(closing.length)];
            }
            if (id == END) {
                break;
            }
            constraint.take(id);
            ids.add(id);
            if (ids.size() == most) {
                return null;
            }
        }
        return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private static final String[] SCHEMAS = {
        "{}",
        "{\"type\": \"object\"}",
        "{\"type\": \"object\", \"properties\": {\"name\": {\"type\": \"string\"}, \"age\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 130}, \"é\\\"\": {\"type\": \"boolean\"}}, \"required\": [\"age\"]}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"null\"}}, \"additionalProperties\": {\"type\": \"integer\"}, \"required\": [\"z\"]}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"const\": 1}, \"ab\": {\"const\": 2}, \"\": true}, \"additionalProperties\": true}",
        "{\"type\": \"object\", \"additionalProperties\": false}",
        "{\"type\": \"array\", \"items\": {\"type\": \"number\"}, \"minItems\": 2, \"maxItems\": 4}",
        "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 3}, \"maxItems\": 1}",
        "{\"type\": \"array\", \"minItems\": 3, \"items\": {\"enum\": [\"red\", 3, null, {\"a\": [1.5, \"\\n\"]}]}}",
        "{\"enum\": [\"red\", \"reddish\", 3, true], \"type\": [\"string\", \"boolean\"]}",
        "{\"anyOf\": [{\"type\": \"string\", \"pattern\": \"^[a-c]{2,3}(-[0-9]+)?$\"}, {\"type\": \"null\"}, {\"const\": {\"x\": \"é\"}}]}",
        "{\"type\": \"string\", \"pattern\": \"\\\\d\\\\.[\\\"\\\\\\\\\\\\n]\"}",
        "{\"type\": \"string\", \"pattern\": \"^a|b$\"}",
        "{\"type\": \"integer\", \"exclusiveMinimum\": -13, \"maximum\": 1207}",
        "{\"type\": \"integer\", \"minimum\": 95.5}",
        "{\"type\": \"number\", \"minimum\": -2, \"exclusiveMaximum\": 3}",
        "{\"type\": \"number\", \"exclusiveMinimum\": 0}",
        "{\"type\": \"number\", \"maximum\": -7}",
        "{\"type\": \"number\", \"exclusiveMinimum\": -1, \"maximum\": 0}",
        "{\"$defs\": {\"tree\": {\"type\": \"object\", \"properties\": {\"v\": {\"type\": \"integer\"}, \"next\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/tree\"}}}, \"required\": [\"v\"]}}, \"$ref\": \"#/$defs/tree\"}",
        "{\"type\": \"object\", \"properties\": {\"next\": {\"anyOf\": [{\"$ref\": \"#\"}, {\"type\": \"null\"}]}}, \"required\": [\"next\"]}",
        "{\"anyOf\": [{\"type\": \"object\", \"properties\": {\"kind\": {\"const\": \"a\"}, \"of\": {\"$ref\": \"#\"}}, \"required\": [\"kind\", \"of\"]}, {\"type\": \"object\", \"properties\": {\"kind\": {\"const\": \"a\"}, \"of\": {\"$ref\": \"#\"}, \"more\": {\"$ref\": \"#\"}}, \"required\": [\"kind\", \"of\"]}, {\"type\": \"boolean\"}]}",
        "{\"minLength\": 2}",
        "{\"type\": [\"integer\", \"string\", \"array\"], \"maximum\": 3, \"maxLength\": 1, \"items\": {\"type\": \"boolean\"}}",
    };

    @Test
    void whatIsWrittenIsValidByTheSchema() {
        for (String schema : SCHEMAS) {
            Grammar grammar = Grammar.jsonSchema(schema);
            SchemaCheck check = new SchemaCheck(schema);
            for (Tokenizer tokenizer : List.of(bytes, pieces)) {
                TokenMasks masks = masks(tokenizer, grammar);
                int ended = 0;
                for (int seed = 0; seed < 60; seed++) {
                    String text = sample(masks, tokenizer, new Random(seed), 300);
                    if (text != null && !namesTwice(text)) {
                        ended++;
                        assertThat(check.accepts(text)).as(schema + " " + text).isTrue();
                    }
                }
                if (!schema.contains("\\\\d")) { // after anything, so that random texts rarely have it
                    assertThat(ended).as(schema).isPositive();
                }
            }
        }
    }

    /** RFC 8259 allows it; the reader here does not. */
    private static boolean namesTwice(String text) {
        try {
            Json.parse("{\"value\":" + text + "}", "text");
            return false;
        } catch (InputException e) {
            assertThat(e.getMessage()).contains("is there twice");
            return true;
        }
    }

    @Test
    void jsonIsAnObjectThatParses() {
        for (Tokenizer tokenizer : List.of(bytes, pieces)) {
            TokenMasks masks = masks(tokenizer, Grammar.json());
            int ended = 0;
            for (int seed = 0; seed < 200; seed++) {
                String text = sample(masks, tokenizer, new Random(seed), 300);
                if (text != null && !namesTwice(text)) {
                    Json.parse(text, "text");
                    ended++;
                }
            }
            assertThat(ended).isGreaterThan(100);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"a\": [1, -2.5e+10, true, false, null, \"x\\n\\u00e9\\\\ é漢😀\"], \"b\": {}}; true",
                " { \"a\": [ ]}; true",
                "{\"a\": 01}; false",
                "{\"a\" \"b\"}; false",
                "{\"a\": \"\\ud800\"}; false",
                "[1]; false",
                "{,}; false",
                "{\"a\": 1,}; false",
                "{\"a\": .5}; false",
                "{\"a\": nul}; false",
            })
    void acceptsWhatIsJson(String text, boolean accepted) {
        assertThat(accepts(masks(pieces, Grammar.json()), text)).isEqualTo(accepted);
    }

    /** Whether a text is one of the grammar's, its bytes as tokens. */
    private static boolean accepts(TokenMasks masks, String text) {
        Constraint constraint = masks.begin();
        constraint.take(SPACE); // the space that decoding drops
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            int id = 3 + (b & 0xFF);
            if (Arrays.binarySearch(allowed(constraint, pieces), id) < 0) {
                return false;
            }
            constraint.take(id);
        }
        return Arrays.binarySearch(allowed(constraint, pieces), END) >= 0;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ab|a(b|c)*d",
                "(an)+a?",
                "[a-c\\d-]{2,4}",
                "[^a-y\\s]+",
                "\\w+@\\w+\\.(com|org)",
                ".{0,3}é?",
                "(a|b|ab)*?abb",
                "\\u00e9\\x41[\\]\\-^]",
                "(|x)(y{2}|z{3,})\\?",
                "^-?(0|[1-9]\\d*)(\\.\\d+)?$",
                "\\S\\W\\D",
                "[^\"\\\\]*",
            })
    void masksAreWhatTheExpressionAllows(String expression) {
        Pattern pattern = Pattern.compile(expression.replaceAll("^\\^|\\$$", "")); // $ alone has more hits than ends
        for (Tokenizer tokenizer : List.of(bytes, pieces)) {
            TokenMasks masks = masks(tokenizer, Grammar.regex(expression));
            for (int seed = 0; seed < 6; seed++) {
                Random random = new Random(seed);
                Constraint constraint = masks.begin();
                List<Integer> ids = new ArrayList<>();
                for (int step = 0; step < 8 && !constraint.complete(); step++) {
                    int[] allowed = allowed(constraint, tokenizer);
                    assertThat(allowed).as(expression + " after " + ids).isEqualTo(expected(pattern, tokenizer, ids));
                    int id = allowed[random.nextInt(allowed.length)];
                    if (id == END) {
                        break;
                    }
                    constraint.take(id);
                    ids.add(id);
                }
                if (constraint.complete()) {
                    assertThat(expected(pattern, tokenizer, ids)).containsExactly(END);
                }
            }
        }
    }

    /** Each token tried: the text with it matches, or would if it went on. */
    private static int[] expected(Pattern pattern, Tokenizer tokenizer, List<Integer> before) {
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            boolean possible;
            if (id == END) {
                possible = goesOn(pattern, tokenizer, before, new byte[0], true);
            } else {
                byte[] more = tokenizer.bytes(id);
                possible = more.length > 0 && goesOn(pattern, tokenizer, before, more, false);
            }
            if (possible) {
                ids.add(id);
            }
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    @SuppressWarnings("JdkObsolete") // a beginning of a match is what hitEnd tells
    private static boolean goesOn(
            Pattern pattern, Tokenizer tokenizer, List<Integer> before, byte[] more, boolean ends) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        before.forEach(id -> all.writeBytes(tokenizer.bytes(id)));
        all.writeBytes(more);
        byte[] utf8 = all.toByteArray();
        int from = tokenizer == pieces && utf8.length > 0 && utf8[0] == ' ' ? 1 : 0;
        utf8 = Arrays.copyOfRange(utf8, from, utf8.length);
        int whole = whole(utf8);
        if (whole < 0) {
            return false;
        }
        if (whole == utf8.length) {
            Matcher matcher = pattern.matcher(new String(utf8, StandardCharsets.UTF_8));
            return matcher.matches() || (!ends && matcher.hitEnd());
        }
        return !ends && canBeEnded(pattern, utf8, whole);
    }

    /** With a character that is not whole: whether there is one that begins so. */
    @SuppressWarnings("JdkObsolete")
    private static boolean canBeEnded(Pattern pattern, byte[] utf8, int whole) {
        int lead = utf8[whole] & 0xFF;
        int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        byte[] ended = Arrays.copyOf(utf8, whole + length);
        for (int i = utf8.length; i < ended.length; i++) {
            ended[i] = (byte) 0x80;
        }
        for (int first = 0x80; first < 0xC0; first++) {
            ended[utf8.length] = (byte) first;
            for (int last = ended.length - 1 > utf8.length ? 0x80 : 0xBF; last < 0xC0; last += 0x15) {
                if (ended.length - 1 > utf8.length) {
                    ended[ended.length - 1] = (byte) last;
                }
                Matcher matcher = pattern.matcher(new String(ended, StandardCharsets.UTF_8));
                if (whole(ended) == ended.length && (matcher.matches() || matcher.hitEnd())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** How many of the bytes are whole characters; -1 if they cannot be UTF-8. */
    private static int whole(byte[] utf8) {
        int at = 0;
        while (at < utf8.length) {
            int b = utf8[at] & 0xFF;
            int length = b < 0x80
                    ? 1
                    : b >= 0xC2 && b < 0xE0 ? 2 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xF0 && b < 0xF5 ? 4 : 0;
            if (length == 0) {
                return -1;
            }
            if (at + length > utf8.length) {
                return at;
            }
            byte[] one = Arrays.copyOfRange(utf8, at, at + length);
            if (!Arrays.equals(new String(one, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8), one)) {
                return -1;
            }
            at += length;
        }
        return at;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"type\": \"array\", \"uniqueItems\": true}; the keyword \"uniqueItems\"",
                "{\"oneOf\": [{}]}; the keyword \"oneOf\"",
                "{\"type\": \"object\", \"properties\": {\"a\": {\"not\": {}}}}; the keyword \"not\"",
                "{\"type\": \"string\", \"format\": \"date\"}; the keyword \"format\"",
                "{\"type\": \"number\", \"minimum\": 0.5}; the keyword \"minimum\" of a number, other than a whole one of 15 digits",
                "{\"$ref\": \"other.json\"}; the reference \"other.json\"",
                "{\"anyOf\": [{}], \"type\": \"string\"}; the keyword \"type\" beside anyOf",
                "{\"type\": \"string\", \"pattern\": \"(?=a)b\"}; the group (?=",
                "{\"type\": \"string\", \"pattern\": \"(a)\\\\1\"}; \\1",
            })
    void refusesByNameWhatIsNotSupported(String schema, String feature) {
        assertThatExceptionOfType(UnsupportedFeature.class)
                .isThrownBy(() -> Grammar.jsonSchema(schema))
                .satisfies(e -> assertThat(e.feature()).isEqualTo(feature));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"type\": \"txt\"}; expected one or several of object",
                "{\"$ref\": \"#/$defs/a\"}; expected a pointer to something in the schema",
                "{\"$ref\": \"#\"}; allows no text",
                "{\"type\": \"array\", \"items\": {\"$ref\": \"#\"}, \"minItems\": 1}; allows no text",
                "{\"type\": \"integer\", \"minimum\": 3, \"maximum\": 2}; allows no text",
                "{\"type\": \"array\", \"minItems\": 3, \"maxItems\": 2}; expected at least 3",
                "{\"type\": \"string\", \"pattern\": \"[\"}; ends in the middle",
                "{\"type\": \"string\", \"minLength\": 200000}; expected smaller numbers of repetitions",
                "[1]; expected a JSON object",
                "{\"enum\": []}; expected at least one value",
            })
    void saysWhatIsWrongWithASchema(String schema, String sentence) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Grammar.jsonSchema(schema))
                .withMessageContaining(sentence);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a)", "(a", "[", "[]", "a{2", "a{3,2}", "*a", "a**", "\\", "\\uD800", "[b-a]", "[a"})
    void saysWhatIsWrongWithAnExpression(String expression) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Grammar.regex(expression))
                .withMessageStartingWith("the regular expression");
    }

    @Test
    void aPatternMatchesAnywhereInAStringAndIsEscaped() {
        Grammar grammar = Grammar.jsonSchema("{\"type\": \"string\", \"pattern\": \"\\\\d\\\\.[\\\"\\\\\\\\\\n]\"}");
        for (String text : List.of("\"1.\\\"\"", "\"a1.\\\\z\"", "\" 77.\\n\\u0001é\"")) {
            assertThat(accepts(masks(pieces, grammar), text)).as(text).isTrue();
        }
        for (String text : List.of("\"1.\"", "\"1\\n\"", "\"1.\\n")) {
            assertThat(accepts(masks(pieces, grammar), text)).as(text).isFalse();
        }
    }

    /** As deep as JSON is read, and no deeper: what is begun can be ended. */
    @Test
    void nestingIsBounded() {
        Grammar grammar = Grammar.jsonSchema("{\"type\": \"array\", \"items\": {\"$ref\": \"#\"}}");
        assertThat(accepts(masks(pieces, grammar), "[".repeat(64) + "]".repeat(64)))
                .isTrue();
        assertThat(accepts(masks(pieces, grammar), "[".repeat(65) + "]".repeat(65)))
                .isFalse();
        String deep = "{\"type\": \"null\"}";
        for (int i = 0; i < 62; i++) {
            deep = i % 2 == 0 ? "{\"items\": " + deep + ", \"minItems\": 1}" : deep;
        }
        assertThat(accepts(masks(pieces, Grammar.jsonSchema(deep)), "[".repeat(31) + "null" + "]".repeat(31)))
                .isTrue();
    }

    /** A vocabulary without the tokens for something. */
    @Test
    void whatCannotBeWrittenIsNotBegun(@TempDir Path other) {
        Tokenizer few = new TokenizerFixture("{\"<s>\": 0, \"</s>\": 1, \"a\": 2, \"b\": 3, \"ac\": 4}", "[]")
                .field("added_tokens", "[{\"id\": 1, \"content\": \"</s>\", \"special\": true}]")
                .in(other);
        assertThat(allowed(masks(few, Grammar.regex("a(b|cd)")).begin(), few)).containsExactly(2);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> masks(few, Grammar.json()))
                .withMessage("JSON needs characters for which the vocabulary has no tokens; expected another model");
    }

    @Test
    void masksAndPlacesAreBounded() {
        Grammar grammar =
                Grammar.jsonSchema("{\"type\": \"array\", \"items\": {\"type\": \"string\", \"maxLength\": 40}}");
        TokenMasks bounded =
                new TokenMasks(pieces, new TokenTrie(pieces, pieces.vocabularySize() + 3, List.of(END)), grammar, 50);
        TokenMasks free = masks(pieces, grammar);
        for (int seed = 0; seed < 5; seed++) {
            assertThat(sample(bounded, pieces, new Random(seed), 200))
                    .isEqualTo(sample(free, pieces, new Random(seed), 200));
            assertThat(bounded.kept()).isLessThan(60);
        }
    }
}
