package org.moelora.testmodels;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.testmodels.BpeTrainer.Merge;
import org.moelora.text.Tokenizer;

class BpeTrainerTest {
    @Test
    void joinsTheMostFrequentPairFirstAndTheFirstInOrderOfEquals() {
        var trainer = new BpeTrainer();
        trainer.add("abab");
        trainer.add("ab cd");
        trainer.add("xy");
        trainer.add("xy");
        // ab occurs three times; then xy twice; then abab, " c" and the others once, which is too rare.
        var vocabulary = trainer.train(1000);
        assertThat(vocabulary.merges()).containsExactly(new Merge("a", "b"), new Merge("x", "y"));
        assertThat(vocabulary.tokens()).hasSize(258).endsWith("ab", "xy");
    }

    @Test
    void whatItWritesIsReadAndGivesEveryTextBack(@TempDir Path folder) {
        TokenizerFiles.write(TokenizerFiles.learn(new Corpus(Corpus.SEED)), folder);
        Tokenizer tokenizer = Tokenizer.read(folder.resolve("tokenizer.json"));
        Corpus unseen = new Corpus(2);
        for (long n = 0; n < 300; n++) {
            String document = unseen.document(n);
            assertThat(tokenizer.decode(tokenizer.encode(document, false))).isEqualTo(document);
        }
        String strange = "Zürich \t\n  \"日本\" 😀 it's 1234567 {}";
        assertThat(tokenizer.decode(tokenizer.encode(strange, false))).isEqualTo(strange);
    }

    @Test
    void theBundledTokenizerKnowsNumbersAndTheTasksWords() {
        Tokenizer tokenizer = Tokenizer.read(Path.of("tiny", "tokenizer.json"));
        assertThat(tokenizer.vocabularySize()).isLessThanOrEqualTo(2048);
        for (int number = 1; number <= 81; number++) {
            assertThat(tokenizer.encode(" " + number, false)).as("%d", number).hasSize(1);
        }
        assertThat(tokenizer.encode(" crocodile", false)).hasSize(1);
    }

    @Test
    void theSameTextGivesTheBundledTokenizer(@TempDir Path folder) {
        TokenizerFiles.write(TokenizerFiles.learn(new Corpus(Corpus.SEED)), folder);
        for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
            assertThat(Path.of("tiny", name)).hasSameBinaryContentAs(folder.resolve(name));
            assertThat(Files.exists(folder.resolve(name))).isTrue();
        }
    }
}
