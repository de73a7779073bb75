package org.moelora.bench.contest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoundsTest {
    private final List<String> taken = new ArrayList<>();

    private Rounds.Turn turn(String name, int rounds) {
        return new Rounds.Turn() {
            private int count;

            @Override
            public String name() {
                return name;
            }

            @Override
            public int rounds() {
                return rounds;
            }

            @Override
            public double take() {
                taken.add(name);
                return name.charAt(0) * 100.0 + count++;
            }
        };
    }

    private void failed(String name, ContenderException why) {
        taken.add(name + " " + why.getMessage());
    }

    @Test
    void oneThatFailsTakesPartNoMore() {
        int[] turns = {0};
        Rounds.Turn broken = new Rounds.Turn() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public int rounds() {
                return 9;
            }

            @Override
            public double take() {
                throw new ContenderException("failed turn " + turns[0]++);
            }
        };
        Map<String, double[]> values = Rounds.run(List.of(broken, turn("a", 9)), 3, 1, this::failed);
        assertThat(values).containsOnlyKeys("a");
        assertThat(taken).containsExactlyInAnyOrder("broken failed turn 0", "a", "a", "a");
    }

    @Test
    void everyRoundTakesEachContenderOnce() {
        Map<String, double[]> values =
                Rounds.run(List.of(turn("a", 9), turn("b", 9), turn("c", 2)), 4, 1, this::failed);
        assertThat(values.get("a")).containsExactly(9700, 9701, 9702, 9703);
        assertThat(values.get("b")).containsExactly(9800, 9801, 9802, 9803);
        assertThat(values.get("c")).containsExactly(9900, 9901, Double.NaN, Double.NaN);
        assertThat(taken.subList(0, 3)).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(taken.subList(3, 6)).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(taken.subList(6, 8)).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void noneAlwaysFollowsTheSameOne() {
        Rounds.run(List.of(turn("a", 20), turn("b", 20), turn("c", 20)), 20, 1, this::failed);
        Set<List<String>> orders = new HashSet<>();
        for (int round = 0; round < 20; round++) {
            orders.add(List.copyOf(taken.subList(3 * round, 3 * round + 3)));
        }
        assertThat(orders).hasSizeGreaterThan(3);
    }

    @Test
    void theSameSeedGivesTheSameOrder() {
        Rounds.run(List.of(turn("a", 9), turn("b", 9), turn("c", 9)), 5, 7, this::failed);
        List<String> once = List.copyOf(taken);
        taken.clear();
        Rounds.run(List.of(turn("a", 9), turn("b", 9), turn("c", 9)), 5, 7, this::failed);
        assertThat(taken).isEqualTo(once);
    }

    @Test
    void warmingUpEndsWhenNothingGetsFaster() {
        double[] times = {100, 60, 40, 39.9, 41, 39.8, 1};
        int[] at = {0};
        assertThat(Rounds.warmUp("", x -> times[at[0]++], 100, 1e9)).isEqualTo(39.8);
        at[0] = 0;
        assertThat(Rounds.warmUp("", x -> times[at[0]++], 2, 1e9)).isEqualTo(60);
    }

    @Test
    void aSlowContenderIsWarmedUpForAWhileOnly() {
        double[] times = {100, 60, 40};
        int[] at = {0};
        assertThat(Rounds.warmUp("", x -> times[at[0]++], 100, 0)).isEqualTo(100);
    }
}
