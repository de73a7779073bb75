package org.moelora.text;

import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** Reads the field {@code model} of a tokenizer.json. */
final class BytePairsFile {
    private final JsonObject model;
    private final Vocabulary vocabulary;

    private BytePairsFile(JsonObject model) {
        this.model = model;
        check(model);
        vocabulary = vocabulary(model.object("vocab"));
    }

    static BytePairs read(JsonObject model) {
        var file = new BytePairsFile(model);
        return new BytePairs(
                model.source(),
                file.vocabulary,
                file.merges(model.array("merges")),
                model.flag("ignore_merges", false),
                file.unknown());
    }

    private static void check(JsonObject model) {
        if (!model.string("type", "BPE").equals("BPE")) {
            throw model.error("type", "BPE");
        }
        if (model.number("dropout", 0) != 0) {
            throw model.error("dropout", "none, since merges are not dropped at random here");
        }
        for (String name : new String[] {"continuing_subword_prefix", "end_of_word_suffix"}) {
            if (!model.string(name, "").isEmpty()) {
                throw model.error(name, "none, since subword marks are not supported");
            }
        }
    }

    private static Vocabulary vocabulary(JsonObject vocab) {
        int highest = -1;
        for (String token : vocab.names()) {
            int id = vocab.integer(token);
            if (id < 0 || id > Vocabulary.MAX_ID) {
                throw vocab.error(token, "an id from 0 to " + Vocabulary.MAX_ID);
            }
            highest = Math.max(highest, id);
        }
        var vocabulary = new Vocabulary(highest + 1, vocab.names().size());
        for (String token : vocab.names()) {
            String other = vocabulary.put(token, vocab.integer(token));
            if (other != null) {
                throw vocab.error(token, "an id of its own, not that of \"" + other + "\"");
            }
        }
        return vocabulary;
    }

    private PairTable merges(JsonArray array) {
        var table = new PairTable(array.size());
        for (int rank = 0; rank < array.size(); rank++) {
            String left;
            String right;
            if (array.get(rank) instanceof String line) {
                // Some files carry along the first line of merges.txt.
                if (line.startsWith("#version")) {
                    continue;
                }
                int space = line.indexOf(' ');
                if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
                    throw array.error(rank, "two tokens with one space between");
                }
                left = line.substring(0, space);
                right = line.substring(space + 1);
            } else {
                JsonArray pair = array.array(rank);
                if (pair.size() != 2) {
                    throw array.error(rank, "two tokens");
                }
                left = pair.string(0);
                right = pair.string(1);
            }
            table.put(
                    known(left, array, rank), known(right, array, rank), rank, known(left.concat(right), array, rank));
        }
        return table;
    }

    private int known(String token, JsonArray array, int rank) {
        Integer id = vocabulary.id(token);
        if (id == null) {
            throw array.error(rank, "tokens of the vocabulary, which has no \"" + token + "\"");
        }
        return id;
    }

    private BytePairs.Unknown unknown() {
        String name = model.stringOrNull("unk_token");
        Integer id = name == null ? Integer.valueOf(-1) : vocabulary.id(name);
        if (id == null) {
            throw model.error("unk_token", "a token of the vocabulary");
        }
        int[] bytes = model.flag("byte_fallback", false) ? bytes() : null;
        return new BytePairs.Unknown(id, model.flag("fuse_unk", false), bytes);
    }

    private int[] bytes() {
        int[] bytes = vocabulary.byteTokens();
        for (int b = 0; b < bytes.length; b++) {
            if (bytes[b] < 0) {
                throw model.error("byte_fallback", "a vocabulary with " + Vocabulary.byteToken(b));
            }
        }
        return bytes;
    }
}
