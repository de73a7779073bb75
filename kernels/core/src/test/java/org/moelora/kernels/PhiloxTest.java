package org.moelora.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
    /** The known answers for philox4x32 with 10 rounds that its authors publish with Random123: counter, key, result. */
    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
    })
    void givesThePublishedAnswers(String counter, String key, String expected) {
        int[] c = words(counter);
        int[] k = words(key);
        int[] out = new int[4];
        Philox.block(k[0], k[1], c[0], c[1], c[2], c[3], out);

        assertThat(out).containsExactly(words(expected));
    }

    @Test
    void readsTheLowerHalvesFirst() {
        int[] wide = new int[4];
        int[] narrow = new int[4];
        Philox.block(0x11223344, 0x55667788, 0x99AABBCC, 0xDDEEFF00, 0, 0, wide);
        Philox.block(0x5566778811223344L, 0xDDEEFF0099AABBCCL, narrow);

        assertThat(narrow).containsExactly(wide);
    }

    private static int[] words(String hex) {
        String[] parts = hex.split(" ", -1);
        int[] words = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            words[i] = Integer.parseUnsignedInt(parts[i], 16);
        }
        return words;
    }
}
