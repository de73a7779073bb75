package org.moelora.testmodels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.moelora.testmodels.BpeTrainer.Vocabulary;

/** Writes a vocabulary as Hugging Face's {@code tokenizer.json} and {@code tokenizer_config.json}. */
final class TokenizerFiles {
    static final String BOS = "<s>";
    static final String EOS = "</s>";
    static final int BOS_ID = 0;
    static final int EOS_ID = 1;

    /** More than the vocabulary may hold is never asked for; the trained one is as large as the text's words need. */
    static final int VOCABULARY = 1536;

    private static final int DOCUMENTS = 40_000;

    private TokenizerFiles() {}

    static void write(Vocabulary vocabulary, Path directory) {
        var tokens = new ArrayList<>(List.of(BOS, EOS));
        tokens.addAll(vocabulary.tokens());
        var vocab = new ArrayList<String>();
        for (int id = 0; id < tokens.size(); id++) {
            vocab.add("      " + Row.quoted(tokens.get(id)) + ": " + id);
        }
        String merges = vocabulary.merges().stream()
                .map(merge -> "      [" + Row.quoted(merge.left()) + ", " + Row.quoted(merge.right()) + "]")
                .collect(Collectors.joining(",\n"));
        String json = """
                {
                  "version": "1.0",
                  "truncation": null,
                  "padding": null,
                  "added_tokens": [
                %s,
                %s
                  ],
                  "normalizer": null,
                  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
                  "post_processor": {
                    "type": "TemplateProcessing",
                    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                             {"Sequence": {"id": "B", "type_id": 1}}],
                    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}
                  },
                  "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
                  "model": {
                    "type": "BPE",
                    "dropout": null,
                    "unk_token": null,
                    "continuing_subword_prefix": null,
                    "end_of_word_suffix": null,
                    "fuse_unk": false,
                    "byte_fallback": false,
                    "ignore_merges": false,
                    "vocab": {
                %s
                    },
                    "merges": [
                %s
                    ]
                  }
                }
                """.formatted(special(BOS_ID, BOS), special(EOS_ID, EOS), String.join(",\n", vocab), merges);
        String config = """
                {
                  "tokenizer_class": "PreTrainedTokenizerFast",
                  "bos_token": "<s>",
                  "eos_token": "</s>",
                  "add_bos_token": true,
                  "add_eos_token": false,
                  "clean_up_tokenization_spaces": false,
                  "model_max_length": 256
                }
                """;
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve("tokenizer.json"), json);
            Files.writeString(directory.resolve("tokenizer_config.json"), config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String special(int id, String content) {
        return ("    {\"id\": %d, \"content\": %s, \"single_word\": false, \"lstrip\": false, \"rstrip\": false, "
                        + "\"normalized\": false, \"special\": true}")
                .formatted(id, Row.quoted(content));
    }

    /** Learns the bundled model's vocabulary from the first documents of the pretraining text. */
    static Vocabulary learn(Corpus corpus) {
        var trainer = new BpeTrainer();
        for (long n = 0; n < DOCUMENTS; n++) {
            trainer.add(corpus.document(n));
        }
        return trainer.train(VOCABULARY - 2);
    }
}
