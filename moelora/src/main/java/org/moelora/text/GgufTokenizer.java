package org.moelora.text;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.moelora.engine.InputException;
import org.moelora.io.GgufMetadata;

/** Reads the keys {@code tokenizer.ggml.*} of a GGUF file into the parts of a {@link Tokenizer}. */
final class GgufTokenizer {
    private static final String KEY = "tokenizer.ggml.";
    private static final String TOKENS = KEY + "tokens";
    private static final String SCORES = KEY + "scores";
    private static final String TYPES = KEY + "token_type";
    private static final String MERGES = KEY + "merges";
    private static final String SPACE_MARK = "\u2581";

    /** How files say that there is no such token. */
    private static final long NONE = 0xFFFF_FFFFL;

    /** Of a piece with a score, since finding its merges takes the square of its length; sentencepiece's own limit is far below. */
    private static final int LONGEST_MERGED = 256;

    private final GgufMetadata metadata;
    private final List<String> tokens;
    private final int[] types;
    private final GgufTokenTypes kinds;

    GgufTokenizer(GgufMetadata metadata) {
        this.metadata = metadata;
        String model = metadata.string(KEY + "model");
        if (!model.equals("llama") && !model.equals("gpt2")) {
            throw metadata.error(KEY + "model", "llama or gpt2, the two kinds of byte pair encoding");
        }
        checkCount(TOKENS);
        tokens = metadata.strings(TOKENS);
        kinds = new GgufTokenTypes(metadata, tokens, types());
        types = kinds.all();
        var unused = new UnusedKeys();
        unused.gguf(metadata);
        unused.log(metadata.source());
    }

    Tokenizer tokenizer() {
        return metadata.string(KEY + "model").equals("llama") ? ofScores() : ofMerges();
    }

    /** Sentencepiece's: pieces with scores, a mark for a space, and bytes for letters without a piece. */
    private Tokenizer ofScores() {
        for (String key : List.of(KEY + "remove_extra_whitespaces", KEY + "precompiled_charsmap")) {
            if (metadata.has(key) && (metadata.count(key) > 0 || metadata.flag(key, false))) {
                throw metadata.error(key, "none, since a text is taken as it is");
            }
        }
        Vocabulary vocabulary = vocabulary();
        int[] bytes = vocabulary.byteTokens();
        int unknown = id("unknown_token_id", 0).orElse(-1);
        // As in sentencepiece, what has neither letters nor bytes is one unknown token however long it is.
        var model = new BytePairs(
                metadata.source(),
                vocabulary,
                new ScoredPieces(vocabulary, mergeable(), scores()).merges(),
                false,
                new BytePairs.Unknown(unknown, true, allThere(bytes) ? bytes : null));
        boolean prefix = metadata.flag(KEY + "add_space_prefix", true);
        return tokenizer(
                model,
                text -> (prefix && !text.isEmpty() ? SPACE_MARK : "") + text.replace(" ", SPACE_MARK),
                (pieces, first) -> pieces,
                Detokenizer.ofPieces(SPACE_MARK, prefix ? 1 : 0),
                true);
    }

    /** GPT-2's: merges by rank over letters that stand for bytes. */
    private Tokenizer ofMerges() {
        String name = metadata.string(KEY + "pre", "default");
        GgufWords words = GgufWords.named(name);
        if (words == null) {
            throw metadata.error(
                    KEY + "pre", "one whose words are known, such as gpt-2, llama-bpe, qwen2, smollm or tekken");
        }
        if (metadata.flag(KEY + "add_space_prefix", false)) {
            throw metadata.error(KEY + "add_space_prefix", "false for the model gpt2");
        }
        Vocabulary vocabulary = vocabulary();
        int unknown = id("unknown_token_id", -1).orElse(-1);
        var model = new BytePairs(
                metadata.source(),
                vocabulary,
                merges(vocabulary),
                words.takesWholeWords(),
                new BytePairs.Unknown(unknown, false, null));
        return tokenizer(
                model,
                words.composes() ? Normalizers.nfc(metadata.source()) : text -> text,
                words.preTokenizer(),
                Detokenizer.ofBytes(),
                words.addsBos());
    }

    private Tokenizer tokenizer(
            BytePairs model,
            UnaryOperator<String> normalizer,
            PreTokenizer preTokenizer,
            Detokenizer detokenizer,
            boolean addsBos) {
        boolean pieces = metadata.string(KEY + "model").equals("llama");
        OptionalInt begin = id("bos_token_id", pieces ? 1 : -1);
        OptionalInt end = id("eos_token_id", pieces ? 2 : -1);
        return new Tokenizer(
                Path.of(metadata.source()),
                model,
                added(),
                AddedTokens.Rules.LLAMA_CPP,
                normalizer,
                preTokenizer,
                detokenizer,
                new Frame(
                        around("add_bos_token", addsBos, "bos_token_id", begin),
                        around("add_eos_token", false, "eos_token_id", end)),
                end);
    }

    private int[] around(String flag, boolean otherwise, String key, OptionalInt id) {
        if (!metadata.flag(KEY + flag, otherwise)) {
            return new int[0];
        }
        if (id.isEmpty()) {
            throw metadata.error(KEY + key, "a token, since " + KEY + flag + " is true");
        }
        return new int[] {id.getAsInt()};
    }

    /** The id that a key names; {@code usual} where it is missing and that is a control token or the unknown one. */
    private OptionalInt id(String name, int usual) {
        String key = KEY + name;
        if (!metadata.has(key)) {
            boolean there = usual >= 0 && usual < types.length;
            return there && kinds.isSpecial(usual) ? OptionalInt.of(usual) : OptionalInt.empty();
        }
        long id = metadata.integer(key);
        if (id == NONE || id == -1) {
            return OptionalInt.empty();
        }
        if (id < 0 || id >= tokens.size()) {
            throw metadata.error(key, "an id of the vocabulary, 0 to " + (tokens.size() - 1));
        }
        return OptionalInt.of((int) id);
    }

    private void checkCount(String key) {
        long count = metadata.count(key);
        if (count < 1 || count > Vocabulary.MAX_ID) {
            throw new InputException(metadata.source() + ": key \"" + key + "\" has " + count
                    + " elements; expected 1 to " + Vocabulary.MAX_ID);
        }
    }

    private void checkAsMany(String key) {
        if (metadata.count(key) != tokens.size()) {
            throw new InputException(metadata.source() + ": key \"" + key + "\" has " + metadata.count(key)
                    + " elements; expected " + tokens.size() + ", one for each token");
        }
    }

    private int[] types() {
        if (!metadata.has(TYPES)) {
            int[] all = new int[tokens.size()];
            Arrays.fill(all, GgufTokenTypes.NORMAL);
            return all;
        }
        checkAsMany(TYPES);
        return metadata.integers(TYPES);
    }

    private float[] scores() {
        checkAsMany(SCORES);
        float[] scores = metadata.floats(SCORES);
        for (int id = 0; id < scores.length; id++) {
            if (Float.isNaN(scores[id])) {
                throw metadata.error(SCORES, id, "a number, to put merges in order by");
            }
        }
        return scores;
    }

    /** Every token, those that are looked for in the raw text too, since merges may name them. */
    private Vocabulary vocabulary() {
        var vocabulary = new Vocabulary(tokens.size(), tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            Integer other = vocabulary.id(tokens.get(id));
            if (other != null) {
                throw metadata.error(TOKENS, id, "each once, and the element " + other + " is the same");
            }
            vocabulary.put(tokens.get(id), id);
        }
        return vocabulary;
    }

    /** Which tokens merges make or are made of. */
    private boolean[] mergeable() {
        boolean[] mergeable = new boolean[types.length];
        for (int id = 0; id < types.length; id++) {
            mergeable[id] = types[id] == GgufTokenTypes.NORMAL;
            if (mergeable[id] && tokens.get(id).length() > LONGEST_MERGED) {
                throw metadata.error(TOKENS, id, "at most " + LONGEST_MERGED + " characters, as merges make them");
            }
        }
        return mergeable;
    }

    private static boolean allThere(int[] ids) {
        for (int id : ids) {
            if (id < 0) {
                return false;
            }
        }
        return true;
    }

    private List<AddedTokens.Token> added() {
        List<AddedTokens.Token> added = new ArrayList<>();
        long length = 0;
        for (int id = 0; id < types.length; id++) {
            if (kinds.isAdded(id)) {
                String text = tokens.get(id);
                length += text.length();
                if (text.length() > AddedTokens.LONGEST || length > AddedTokens.LONGEST_TOGETHER) {
                    throw metadata.error(
                            TOKENS,
                            id,
                            "at most " + AddedTokens.LONGEST + " characters, and " + AddedTokens.LONGEST_TOGETHER
                                    + " in all control and user-defined tokens together");
                }
                added.add(new AddedTokens.Token(
                        id,
                        text,
                        kinds.isSpecial(id),
                        false,
                        kinds.takesSpaceBefore(id),
                        kinds.takesSpaceAfter(id),
                        false));
            }
        }
        return added;
    }

    private PairTable merges(Vocabulary vocabulary) {
        checkCount(MERGES);
        List<String> lines = metadata.strings(MERGES);
        var table = new PairTable(lines.size());
        for (int rank = 0; rank < lines.size(); rank++) {
            String line = lines.get(rank);
            int space = line.indexOf(' ', 1);
            String left = line.substring(0, Math.max(0, space));
            String right = line.substring(space + 1);
            Integer leftId = vocabulary.id(left);
            Integer rightId = vocabulary.id(right);
            Integer whole = vocabulary.id(left + right);
            if (leftId == null || rightId == null || whole == null) {
                throw metadata.error(MERGES, rank, "two tokens with a space between that make a third one");
            }
            table.put(leftId, rightId, rank, whole);
        }
        return table;
    }
}
