package org.moelora.text;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.GgufMetadata;

/**
 * Text to token ids and back, as a {@code tokenizer.json} or a GGUF file says.
 *
 * <p>A text becomes ids in five steps: added tokens are found and set apart; the rest is normalised; it is cut into words;
 * within each word pairs are merged (byte pair encoding); and, if asked for, the ids that belong around a text are put there.
 *
 * <p>What is read of a tokenizer.json: BPE models, over bytes (GPT-2, Llama 3, Qwen) or over letters with byte fallback (Llama 2, Gemma); {@code dropout},
 * {@code continuing_subword_prefix} and {@code end_of_word_suffix} are refused. Normalizers NFC, NFD, NFKC, NFKD, Prepend, Replace, Lowercase,
 * Strip, StripAccents, ByteLevel; pre-tokenizers ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, BertPreTokenizer,
 * CharDelimiterSplit; post-processors ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing; decoders ByteLevel, or Replace, Metaspace,
 * ByteFallback, Fuse and Strip; of each kind a Sequence too. Anything else is refused by name, WordPiece and Unigram models and the normalizer
 * Precompiled among it. The decoder Metaspace drops one space at a text's beginning. The fields {@code truncation} and {@code padding} do not
 * count: here the caller cuts, and nothing is padded.
 *
 * <p>Added tokens are those of {@code added_tokens}, and those of {@code added_tokens_decoder} in {@code tokenizer_config.json} that
 * it lacks.
 *
 * <p>Encoding takes time proportional to a text's length, but for the logarithm of its longest word, and expressions that are none of the
 * well-known ones are matched with a bound on how often they read a character.
 *
 * <p>Immutable and thread-safe.
 */
public final class Tokenizer {
    private final Path file;
    private final BytePairs model;
    private final Map<Integer, String> addedTexts = new HashMap<>();
    private final BitSet special = new BitSet();
    private final AddedTokens inRawText;
    private final AddedTokens inNormalizedText;
    private final AddedTokens.Rules rules;
    private final UnaryOperator<String> normalizer;
    private final PreTokenizer preTokenizer;
    private final Detokenizer detokenizer;
    private final Frame frame;
    private final OptionalInt end;
    private final int size;

    Tokenizer(
            Path file,
            BytePairs model,
            List<AddedTokens.Token> added,
            AddedTokens.Rules rules,
            UnaryOperator<String> normalizer,
            PreTokenizer preTokenizer,
            Detokenizer detokenizer,
            Frame frame,
            OptionalInt end) {
        this.file = file;
        this.model = model;
        this.rules = rules;
        this.normalizer = normalizer;
        this.preTokenizer = preTokenizer;
        this.detokenizer = detokenizer;
        this.frame = frame;
        this.end = end;
        int ids = model.size();
        List<AddedTokens.Token> raw = new ArrayList<>();
        List<AddedTokens.Token> normalized = new ArrayList<>();
        for (AddedTokens.Token token : added) {
            ids = Math.max(ids, token.id() + 1);
            addedTexts.put(token.id(), token.content());
            special.set(token.id(), token.special());
            if (token.normalized()) {
                normalized.add(token.withContent(normalizer.apply(token.content())));
            } else {
                raw.add(token);
            }
        }
        size = ids;
        inRawText = new AddedTokens(raw, rules);
        inNormalizedText = new AddedTokens(normalized, rules);
    }

    /**
     * Reads a {@code tokenizer.json}, and {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code config.json}
     * beside it where they are there.
     *
     * @throws InputException if a file cannot be read, or says something that is not supported
     */
    public static Tokenizer read(Path file) {
        return TokenizerFiles.read(file);
    }

    /**
     * Reads the tokenizer inside a GGUF file, its keys {@code tokenizer.ggml.*}, after which the file may be closed.
     *
     * <p>The model {@code llama} is sentencepiece's byte pair encoding: of the neighbouring pairs that together are a token, the one with the highest
     * score is merged, the leftmost first; a letter without a token becomes its bytes, or the unknown token. {@code gpt2} is byte pair encoding
     * over bytes, with the words of {@code tokenizer.ggml.pre}. Tokens of the types control, unknown and user-defined are added tokens, looked for
     * in the text as it is, and decoding leaves out those of the first two; tokens of the type unused are never made.
     *
     * @throws InputException if a key is missing or wrong, or a model or a {@code tokenizer.ggml.pre} is not supported, by its name
     */
    public static Tokenizer of(GgufMetadata metadata) {
        return new GgufTokenizer(metadata).tokenizer();
    }

    /**
     * The ids of a text. The text of an added token, special or not, becomes that token. A surrogate that stands alone, which is no character and
     * has no UTF-8, is read as U+FFFD.
     *
     * @param addSpecial whether the ids that belong around a text are added: what the post-processor and
     *     {@code tokenizer_config.json} say, which is a beginning-of-sequence token for many models and nothing for others
     * @throws InputException if the text has a letter for which the vocabulary has no token
     */
    public int[] encode(String text, boolean addSpecial) {
        String whole = withoutLoneSurrogates(text);
        var ids = new IntList();
        if (addSpecial) {
            ids.addAll(frame.before());
        }
        inRawText.split(
                whole,
                ids::add,
                (raw, first) -> inNormalizedText.split(normalizer.apply(raw), ids::add, (piece, firstOfRaw) -> {
                    for (String word : preTokenizer.cut(List.of(piece), first && firstOfRaw)) {
                        model.encode(word, ids);
                    }
                }));
        if (addSpecial) {
            ids.addAll(frame.after());
        }
        return ids.toArray();
    }

    /**
     * The last place before {@code to} from which a text can be tokenised apart from what is before it: where an added token begins, far enough from
     * {@code to} for what follows to make no other token of it. The ids of {@code text[from, e)} are then those of {@code text[from, place)} and of
     * {@code text[place, e)}, for each e from {@code to} on.
     *
     * @param from the text's beginning, or such a place
     * @return {@code from} if there is none after it
     */
    public int restart(String text, int from, int to) {
        return from + inRawText.lastStart(withoutLoneSurrogates(text.substring(from, to)));
    }

    private static String withoutLoneSurrogates(String text) {
        StringBuilder copy = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                copy = copy == null ? new StringBuilder(text) : copy;
                copy.setCharAt(i, '\uFFFD');
            }
        }
        return copy == null ? text : copy.toString();
    }

    /**
     * The ids of a text that is to be continued: {@link #bosId} if there is one, and those of the text; nothing behind them.
     *
     * @throws InputException if the text has a letter for which the vocabulary has no token
     */
    public int[] encodePrompt(String text) {
        int[] ids = encode(text, false);
        OptionalInt begin = bosId();
        return begin.isEmpty()
                ? ids
                : IntStream.concat(IntStream.of(begin.getAsInt()), IntStream.of(ids))
                        .toArray();
    }

    /**
     * The text of ids. Special tokens are left out, and so are ids that stand for no token, since many models have more logits
     * than tokens. Bytes that are not UTF-8 become U+FFFD.
     */
    public String decode(int[] ids) {
        TextStream stream = stream();
        var text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.push(id));
        }
        return text.append(stream.finish()).toString();
    }

    /** Begins a text of which the tokens arrive one by one. */
    public TextStream stream() {
        return new TextStream(this);
    }

    /** The beginning-of-sequence token that {@code encode(text, true)} puts first; empty if it puts none. */
    public OptionalInt bosId() {
        return frame.before().length == 0 ? OptionalInt.empty() : OptionalInt.of(frame.before()[0]);
    }

    /**
     * The end-of-sequence token: {@code eos_token} of {@code tokenizer_config.json} or {@code special_tokens_map.json}, else the
     * (first) {@code eos_token_id} of {@code config.json}, else a special token named {@code </s>}, {@code <|endoftext|>}, {@code
     * <|end_of_text|>} or {@code <eos>}; empty if none of these is there. Of a GGUF file it is {@code tokenizer.ggml.eos_token_id}.
     */
    public OptionalInt eosId() {
        return end;
    }

    /** One more than the highest id. A model's embedding may have more rows. */
    public int vocabularySize() {
        return size;
    }

    /** Whether the id is a special token, which decoding leaves out. */
    public boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }

    /** The token that takes the place of letters without a token; empty if the vocabulary has none. */
    public OptionalInt unknownId() {
        int id = model.unknownId();
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The text of an added token, special or not; null for other ids. */
    @Nullable String token(int id) {
        return addedTexts.get(id);
    }

    /** The file that this was read from. */
    public Path file() {
        return file;
    }

    /** The bytes that the id adds to a text, which may be a part of a character's UTF-8: none for a special token or an id without a token. */
    public byte[] bytes(int id) {
        if (isSpecial(id)) {
            return new byte[0];
        }
        String added = addedTexts.get(id);
        if (added != null && rules == AddedTokens.Rules.LLAMA_CPP) {
            return added.getBytes(StandardCharsets.UTF_8);
        }
        String token = added != null ? added : model.token(id);
        return token == null ? new byte[0] : detokenizer.bytes().apply(token);
    }

    /** How many spaces a decoded text loses at its beginning. */
    public int leadingSpaces() {
        return detokenizer.leadingSpaces();
    }

    /** The file and the size, for messages. */
    @Override
    public String toString() {
        return "Tokenizer[" + file + ", " + size + " ids]";
    }
}
