package org.moelora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchTest {
    private static TokenRow row(int[] ids, int[] labels) {
        return new TokenRow(ids, labels, null, 0);
    }

    @Test
    void shiftsLabelsByOneWithinEachRow() {
        Batch batch = Batch.of(List.of(
                row(new int[] {1, 7, 8, 9}, new int[] {-100, -100, 8, 9}),
                row(new int[] {2}, new int[] {2}),
                row(new int[] {3, 4, 5}, new int[] {3, 40, -100})));
        assertThat(batch.ids()).containsExactly(1, 7, 8, 9, 2, 3, 4, 5);
        assertThat(batch.starts()).containsExactly(0, 4, 5, 8);
        assertThat(batch.positions()).containsExactly(1, 2, 5);
        assertThat(batch.targets()).containsExactly(8, 9, 40);
        assertThat(batch.tokens()).isEqualTo(8);
        assertThat(batch.labels()).isEqualTo(3);
    }

    /** The rows of the parity vectors as a batch, against rows padded on the right and shifted as a matrix. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2-bf16"})
    void isThePaddedMatrixWithoutItsPadding(String name) throws URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(getClass().getResource("/vectors/" + name + ".batches.jsonl"))
                .toURI());
        List<TokenRow> rows =
                new ExampleEncoder(null, 1000).encodeAll(Examples.read(file)).rows();
        assertThat(rows).hasSize(32);
        var order = new BatchOrder(rows.size(), 4, false, 0);
        for (int step = 0; step < 8; step++) {
            int from = 4 * step;
            assertThat(order.batch(step)).containsExactly(from, from + 1, from + 2, from + 3);
            List<TokenRow> four = rows.subList(from, from + 4);
            Batch batch = Batch.of(four);
            int width = four.stream().mapToInt(TokenRow::length).max().orElseThrow();
            int[][] ids = new int[4][width];
            int[][] next = new int[4][width];
            for (int r = 0; r < 4; r++) {
                for (int t = 0; t < width; t++) {
                    ids[r][t] = t < four.get(r).length() ? four.get(r).inputIds()[t] : -1;
                    next[r][t] = t + 1 < four.get(r).length() ? four.get(r).labels()[t + 1] : -100;
                }
            }
            List<Integer> tokens = new ArrayList<>();
            List<Integer> targets = new ArrayList<>();
            List<Integer> positions = new ArrayList<>();
            for (int r = 0; r < 4; r++) {
                for (int t = 0; t < width; t++) {
                    if (next[r][t] != -100) {
                        positions.add(tokens.size());
                        targets.add(next[r][t]);
                    }
                    if (ids[r][t] >= 0) {
                        tokens.add(ids[r][t]);
                    }
                }
            }
            assertThat(boxed(batch.ids())).isEqualTo(tokens);
            assertThat(boxed(batch.targets())).isEqualTo(targets);
            assertThat(boxed(batch.positions())).isEqualTo(positions);
        }
    }

    private static List<Integer> boxed(int[] values) {
        return IntStream.of(values).boxed().toList();
    }

    @Test
    void gathersRowsUpToAnAmountOfTokens() {
        List<TokenRow> rows = IntStream.of(3, 3, 4, 20, 1, 1)
                .mapToObj(n -> row(new int[n], new int[n]))
                .toList();
        assertThat(Batch.byTokens(rows, 7).stream().map(batch -> batch.rows().size()))
                .containsExactly(2, 1, 1, 2);
        assertThat(Batch.byTokens(List.of(), 7)).isEmpty();
    }

    @Test
    void comparesRowsByWhatIsInThem() {
        TokenRow row = row(new int[] {1, 2}, new int[] {-100, 2});
        assertThat(row).isEqualTo(row(new int[] {1, 2}, new int[] {-100, 2}));
        assertThat(row).hasSameHashCodeAs(row(new int[] {1, 2}, new int[] {-100, 2}));
        assertThat(row).isNotEqualTo(row(new int[] {1, 2}, new int[] {1, 2}));
        assertThat(row).isNotEqualTo(new TokenRow(new int[] {1, 2}, new int[] {-100, 2}, "t", 0));
        assertThatThrownBy(() -> row(new int[] {1}, new int[] {1, 2})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> row(new int[0], new int[0])).isInstanceOf(IllegalArgumentException.class);
    }

    /** The reader and the JSON agree on the first row of the vectors. */
    @Test
    void readsTheVectorsRows() throws URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(getClass().getResource("/vectors/llama.batches.jsonl"))
                .toURI());
        Example first = Examples.read(file).rows().getFirst();
        assertThat(first).isInstanceOfSatisfying(Example.Tokens.class, row -> {
            assertThat(row.inputIds()).containsExactly(1, 35, 48, 91, 86, 70, 6, 62, 34, 86, 9, 23, 17, 50, 63);
            assertThat(row.labels()).startsWith(-100, -100, 48, 91).endsWith(17, 50, 63);
        });
    }
}
