package org.moelora.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class RaggedTest {
    @Test
    void sequencesThatAttendToThemselves() {
        Ragged rows = Ragged.self(0, 3, 3, 7);
        assertThat(rows.sequences()).isEqualTo(3);
        assertThat(rows.queries()).isEqualTo(7);
        assertThat(rows.keyRows()).isEqualTo(7);
        assertThat(rows).isEqualTo(new Ragged(new int[] {0, 3, 3, 7}, new int[] {0, 3, 3}, new int[] {3, 0, 4}));
    }

    @Test
    void keyRowsReachToTheLastRowThatIsLookedAt() {
        Ragged rows = new Ragged(new int[] {0, 1, 2}, new int[] {50, 0}, new int[] {5, 20});
        assertThat(rows.keyRows()).isEqualTo(55);
        assertThat(new Ragged(new int[] {0}, new int[0], new int[0]).keyRows()).isZero();
    }

    @Test
    void numbersThatDoNotFitAreRefused() {
        refused(new int[] {0, 2}, new int[] {0}, new int[] {1}); // two queries on one key
        refused(new int[] {0, 2, 1}, new int[] {0, 0}, new int[] {2, 2}); // starts that go down
        refused(new int[] {1, 2}, new int[] {0}, new int[] {2}); // rows before the first sequence
        refused(new int[] {0, 1}, new int[] {-1}, new int[] {1});
        refused(new int[] {0, 1}, new int[] {0, 1}, new int[] {1});
        refused(new int[] {0, 1}, new int[] {0}, new int[] {1, 1});
    }

    private static void refused(int[] queryStart, int[] keyStart, int[] keyLength) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Ragged(queryStart, keyStart, keyLength));
    }

    @Test
    void theArraysAreCopies() {
        int[] starts = {0, 2};
        Ragged rows = Ragged.self(starts);
        starts[1] = 9;
        assertThat(rows.queries()).isEqualTo(2);
    }

    @Test
    void headsMustFormGroups() {
        Ragged rows = Ragged.self(0, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> new Attention.Plan(3, 2, 4, 1, rows));
        assertThatIllegalArgumentException().isThrownBy(() -> new Attention.Plan(2, 2, 0, 1, rows));
        assertThatIllegalArgumentException().isThrownBy(() -> new Attention.Plan(2, 0, 4, 1, rows));
    }
}
