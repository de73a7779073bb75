package org.moelora.kernels.conformance;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.moelora.kernels.DType;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Tokens;

/** {@link Tokens} against plain. */
public abstract class TokensConformance extends Conformance {
    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "I32")
    void embed(DType dtype) {
        for (int width : new int[] {1, 13, 17, 33, 207, 1500}) {
            int vocabulary = 29;
            Weights w = Weights.random(dtype, vocabulary, width, random);
            int cols = w.cols();
            for (int rows : new int[] {0, 1, 17, 207}) {
                int[] ids = indices(rows, vocabulary);
                check("embed", 0, s -> {
                    try (Frozen table = w.on(s.device())) {
                        s.kernels().tokens().embed(rows, s.of(ids), table, s.out(rows * cols));
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 3", "1, 1", "17, 13", "33, 16", "207, 33", "130, 702"})
    void gatherAndScatter(int rows, int cols) {
        int entries = 11; // fewer than rows, so that entries are hit more than once
        float[] table = normal(entries * cols);
        float[] x = normal(rows * cols);
        int[] ids = indices(rows, entries);
        check("gather", 0, s -> s.kernels().tokens().gather(rows, cols, s.of(ids), s.of(table), s.out(rows * cols)));
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "scatterAdd",
                    0,
                    s -> s.kernels().tokens().scatterAdd(rows, cols, s.of(ids), s.of(x), s.sink(kind, table)));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "1, 1", "3, 2", "5, 13", "17, 16", "33, 17", "40, 1031", "9, 50003"})
    void crossEntropy(int rows, int classes) {
        float[] logits = normal(rows * classes);
        for (int i = 0; i < logits.length; i++) {
            logits[i] *= 5;
        }
        int[] targets = indices(rows, classes);
        check(
                "crossEntropy",
                1e-5,
                s -> s.kernels()
                        .tokens()
                        .crossEntropy(
                                rows, classes, s.of(logits), s.of(targets), 0.25f, s.out(rows), s.out(rows * classes)));
        check("crossEntropy in place", 1e-5, s -> {
            Memory x = s.inOut(logits);
            s.kernels().tokens().crossEntropy(rows, classes, x, s.of(targets), 3, s.out(rows), x);
        });
        check(
                "loss alone",
                1e-5,
                s -> s.kernels()
                        .tokens()
                        .crossEntropy(rows, classes, s.of(logits), s.of(targets), 1, s.out(rows), null));
    }

    @Test
    void indicesOutsideTheTableAreRefused() {
        Tokens tokens = subject().kernels().tokens();
        try (Memory ids = subject().allocate(DType.I32, 1, Owner.TAPE);
                Memory table = subject().allocate(DType.F32, 3 * 17, Owner.TAPE);
                Memory row = subject().allocate(DType.F32, 17, Owner.TAPE);
                Memory loss = subject().allocate(DType.F32, 1, Owner.TAPE);
                Frozen w = Weights.random(DType.BF16, 3, 17, random).on(subject())) {
            for (int id : new int[] {-1, 3, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
                subject().write(new int[] {id}, ids, 0);
                refused(row, () -> tokens.embed(1, ids, w, row));
                refused(row, () -> tokens.gather(1, 17, ids, table, row));
                refused(table, () -> tokens.scatterAdd(1, 17, ids, row, table));
            }
            subject().write(new int[] {17}, ids, 0);
            refused(loss, () -> tokens.crossEntropy(1, 17, row, ids, 1, loss, null));
            subject().write(new int[] {16}, ids, 0);
            tokens.crossEntropy(1, 17, row, ids, 1, loss, null);
            subject().read(loss, 0, new float[1]);
        }
    }

    /** At once, or when the result is read: a device that computes on its own sees the index only then. */
    private void refused(Memory result, Runnable call) {
        assertThatThrownBy(() -> {
                    call.run();
                    subject().read(result, 0, new float[1]);
                })
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
