package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is misspelt is named, with what was meant. */
class MistakesTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train --modle x --data y --out z | --modle is no flag of moelora train; | did you mean --model?",
                "train --modle=x | --modle is no flag of moelora train; | did you mean --model?",
                "train --data y --modle x | --modle is no flag | did you mean --model?",
                "train --model x --data y --learning-rte 1 | --learning-rte is no flag | did you mean --learning-rate?",
                "show --jsno | --jsno is no flag of moelora show | did you mean --json?",
                "eval -model x | -model is no flag of moelora eval | did you mean --model?",
                "trian --model x | \"trian\" is no command; | did you mean train?",
                "train --model x --data y --dry-run --method moelra | --method is \"moelra\"; | did you mean moelora?",
                "train --model x --data y --dry-run --gate topk | --gate is \"topk\"; | did you mean top-k?",
                "train --model x --data y --dry-run --long-rows cutt | --long-rows is \"cutt\"; | did you mean cut?",
                "train --model x --data y --dry-run --schedule cosin | \"cosin\"; | did you mean cosine?",
                "eval --model x --data y --task gsm8 | --task is \"gsm8\"; | did you mean gsm8k?",
                "score --model x --data y --quantize q8 | \"q8\"; | did you mean q8_0?",
                "train --data y | --model is missing; | expected --model=PATH",
                "train | --model and --data are missing; | expected --model=PATH --data=FILE",
                "train --model x --data y --rank many | --rank is \"many\"; | expected a whole number",
                "train --model x --data y --rank 9999999999 | --rank is \"9999999999\"; | expected a whole number, at most 2,147,483,647",
                "train --model x --data y --alpha big | --alpha is \"big\"; | expected a number",
                "train --model x --model y --data z | --model is given twice; | expected it once",
                "train --model x --data y --out | --out has no value; | expected --out=DIR",
                "show a b | \"b\" belongs to no flag; | expected one RUN",
                "show | RUN is missing; | expected RUN",
            })
    void oneSentenceSaysIt(String line, String wrong, String expected) {
        Ran ran = Ran.of((Object[]) line.split(" "));
        assertThat(ran.code()).isEqualTo(Main.MISTAKE);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err()).hasLineCount(1).startsWith("moelora: ").contains(wrong, expected, "; expected ");
    }

    @Test
    void keysOfAFileToo() throws IOException {
        Path file = Files.writeString(temp.resolve("flags.yaml"), "learning_rate: 1\n");
        assertThat(Ran.of("train", "--config", file).err())
                .contains(
                        "\"learning_rate\" is no flag of moelora train", "; expected ", "did you mean learning-rate?");
    }

    /** What follows a flag that takes a value is its value, whatever it looks like. */
    @Test
    void aValueMayLookLikeAFlag() {
        Ran ran = Ran.of("generate", "--model", Ran.TINY, "--max-tokens", "2", "--prompt", "--modle");
        assertThat(ran.code()).as(ran.err()).isZero();
    }
}
