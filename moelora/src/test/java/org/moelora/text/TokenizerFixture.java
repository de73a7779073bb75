package org.moelora.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/** Writes small tokenizer.json files, field by field. */
public final class TokenizerFixture {
    private final Map<String, String> model = new LinkedHashMap<>();
    private final Map<String, String> fields = new LinkedHashMap<>();

    /** A byte-level tokenizer with this vocabulary and these merges, each given as JSON. */
    public TokenizerFixture(String vocab, String merges) {
        model.put("type", "\"BPE\"");
        model.put("vocab", vocab);
        model.put("merges", merges);
        fields.put("pre_tokenizer", "{\"type\": \"ByteLevel\", \"add_prefix_space\": false}");
        fields.put("decoder", "{\"type\": \"ByteLevel\"}");
    }

    /**
     * One id per printable ASCII character, no merges: {@code <s>} is 0, {@code </s>} is 1, a line feed is 2, and a character c is c -
     * 29, so that a space is 3 and {@code A} is 36.
     */
    public static TokenizerFixture ofCharacters() {
        var vocab = new StringJoiner(", ", "{", "}");
        vocab.add("\"<s>\": 0").add("\"</s>\": 1").add("\"Ċ\": 2").add("\"Ġ\": 3");
        for (char c = '!'; c <= '~'; c++) {
            String letter = c == '"' || c == '\\' ? "\\" + c : String.valueOf(c);
            vocab.add("\"" + letter + "\": " + (c - 29));
        }
        return new TokenizerFixture(vocab.toString(), "[]")
                .field(
                        "added_tokens",
                        "[{\"id\": 0, \"content\": \"<s>\", \"special\": true}, {\"id\": 1, \"content\": \"</s>\","
                                + " \"special\": true}]");
    }

    /** Sets a field of the file. */
    public TokenizerFixture field(String name, String json) {
        fields.put(name, json);
        return this;
    }

    /** Sets a field of the model. */
    public TokenizerFixture model(String name, String json) {
        model.put(name, json);
        return this;
    }

    /** Puts BOS before each text, as the id 0 with the text {@code <s>}. */
    public TokenizerFixture withBos() {
        return field("post_processor", """
            {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}\
            """);
    }

    /** Writes tokenizer.json into the folder and reads it. */
    public Tokenizer in(Path folder) {
        Map<String, String> all = new LinkedHashMap<>(fields);
        all.put("model", object(model));
        return Tokenizer.read(write(folder.resolve("tokenizer.json"), object(all)));
    }

    /** Writes a file. */
    public static Path write(Path file, String text) {
        try {
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String object(Map<String, String> fields) {
        var json = new StringJoiner(",\n", "{", "}");
        fields.forEach((name, value) -> json.add("\"" + name + "\": " + value));
        return json.toString();
    }
}
