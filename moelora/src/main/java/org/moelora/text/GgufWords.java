package org.moelora.text;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the key {@code tokenizer.ggml.pre} of a GGUF file stands for: how a byte-level tokenizer cuts words, and what else its published
 * tokenizer does. The names are llama.cpp's, the expressions those of the models' own tokenizer files; where a file has none of these keys, or
 * {@code default}, they are the ones that llama.cpp takes then.
 */
@SuppressWarnings("ImmutableEnumChecker") // the sets and lists are made by Set.of and List.of
enum GgufWords {
    DEFAULT(
            Set.of("default"),
            List.of("[\\p{P}$+<=>^~|]+", WordScanner.GPT2.regex(), "\\p{N}+", "[0-9][0-9][0-9]"),
            Beyond.NOTHING),
    GPT2(
            Set.of(
                    "gpt-2",
                    "phi-2",
                    "mpt",
                    "olmo",
                    "jais",
                    "trillion",
                    "jina-es",
                    "jina-de",
                    "jina-v2-es",
                    "jina-v2-de",
                    "gigachat",
                    "a.x-4.0",
                    "mellum",
                    "modern-bert",
                    "exaone4",
                    "granite-docling"),
            List.of(WordScanner.GPT2.regex()),
            Beyond.NOTHING),
    SMOLLM(
            Set.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"),
            List.of("\\p{N}", WordScanner.GPT2.regex()),
            Beyond.NOTHING),
    LLAMA3(
            Set.of(
                    "llama-bpe",
                    "llama3",
                    "llama-v3",
                    "falcon3",
                    "falcon-h1",
                    "pixtral",
                    "midm-2.0",
                    "lfm2",
                    "jina-v5-nano"),
            List.of(WordScanner.LLAMA3.regex()),
            Beyond.WHOLE_WORDS_AND_BOS),
    LLAMA3_LIKE(
            Set.of("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"), List.of(WordScanner.LLAMA3.regex()), Beyond.NOTHING),
    QWEN2(Set.of("qwen2", "deepseek-r1-qwen"), List.of(WordScanner.QWEN2.regex()), Beyond.NFC),
    QWEN2_LIKE(
            Set.of("stablelm2", "hunyuan", "solar-open", "grok-2", "megrez", "kormo", "f2llmv2"),
            List.of(WordScanner.QWEN2.regex()),
            Beyond.NOTHING),
    MINICPM5(
            Set.of("minicpm5"),
            List.of(
                    "\\p{N}{1,3}",
                    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+"
                            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            Beyond.WHOLE_WORDS),
    SEED_CODER(
            Set.of("seed-coder"),
            List.of("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            Beyond.NOTHING),
    BAILING(
            Set.of("bailingmoe", "bailingmoe2", "llada-moe"),
            List.of("'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"),
            Beyond.NOTHING),
    SUPERBPE(Set.of("superbpe"), List.of("\\p{N}+", "(?=(\\d{3})+(?!\\d))"), Beyond.NOTHING),
    BLOOM(
            Set.of("bloom", "poro-chat", "gpt3-finnish"),
            List.of(" ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"),
            Beyond.NOTHING),
    VIKING(
            Set.of("viking"),
            List.of(" ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+", "\\p{N}"),
            Beyond.NOTHING),
    TEKKEN(
            Set.of("tekken"),
            List.of("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            Beyond.WHOLE_WORDS_AND_BOS),
    GPT4O(
            Set.of("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"),
            List.of("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                    + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            Beyond.NOTHING),
    FALCON(
            Set.of("falcon"),
            List.of("[\\p{P}$+<=>^~|`]+", WordScanner.GPT2.regex(), "[0-9][0-9][0-9]"),
            Beyond.NOTHING),
    DEEPSEEK_CODER(
            Set.of("deepseek-coder"),
            List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", "\\p{N}"),
            Beyond.NOTHING),
    DEEPSEEK_V3(
            Set.of("deepseek-v3", "hunyuan-dense", "joyai-llm"),
            List.of(
                    "\\p{N}{1,3}",
                    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
                    "[!-/:-@\\[-`{-~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                            + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            Beyond.NOTHING);

    /** What a tokenizer does beyond cutting words. */
    private enum Beyond {
        NOTHING,
        /** Takes words that are tokens as a whole. */
        WHOLE_WORDS,
        /** Takes words that are tokens as a whole, and puts a beginning-of-sequence token first unless the file says otherwise. */
        WHOLE_WORDS_AND_BOS,
        /** Brings a text into Unicode's composed form. */
        NFC
    }

    private final Set<String> names;
    private final List<String> regexes;
    private final Beyond beyond;

    GgufWords(Set<String> names, List<String> regexes, Beyond beyond) {
        this.names = names;
        this.regexes = regexes;
        this.beyond = beyond;
    }

    /** The one of that name, or null if none is known. */
    static @Nullable GgufWords named(String name) {
        for (GgufWords words : values()) {
            if (words.names.contains(name)) {
                return words;
            }
        }
        return null;
    }

    PreTokenizer preTokenizer() {
        return PreTokenizer.ofBytes(regexes);
    }

    /** Whether a word that is a token becomes this token, whatever its merges make. */
    boolean takesWholeWords() {
        return beyond == Beyond.WHOLE_WORDS || beyond == Beyond.WHOLE_WORDS_AND_BOS;
    }

    /** Whether a beginning-of-sequence token is put first where the file does not say. */
    boolean addsBos() {
        return beyond == Beyond.WHOLE_WORDS_AND_BOS;
    }

    /** Whether a text is brought into Unicode's form NFC first. */
    boolean composes() {
        return beyond == Beyond.NFC;
    }
}
