package org.moelora.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.Owner;

class SlabsTest {
    private static final long MIB = 1 << 20;

    private final List<Long> sizes = new ArrayList<>();
    private final Slabs slabs = new Slabs();

    private Slabs.Range lease(long bytes) {
        return slabs.lease(bytes, Owner.TAPE, sizes::add);
    }

    private static String place(Slabs.Range range) {
        return range.slab() + ":" + range.from();
    }

    @Test
    void leasesLieInTheirSlabsSideBySide() {
        Random random = new Random(7);
        List<Slabs.Range> held = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            if (!held.isEmpty() && random.nextInt(100) < 48) {
                slabs.free(held.remove(random.nextInt(held.size())));
            } else {
                long bytes = (long) Math.exp(random.nextDouble() * 15);
                Slabs.Range range = lease(bytes);
                assertThat(range.bytes()).isBetween(bytes, bytes + 64);
                assertThat(range.from() % 64).isZero();
                assertThat(range.from() + range.bytes()).isLessThanOrEqualTo(sizes.get(range.slab()));
                for (Slabs.Range other : held) {
                    assertThat(other.slab() != range.slab()
                                    || other.from() + other.bytes() <= range.from()
                                    || range.from() + range.bytes() <= other.from())
                            .isTrue();
                }
                held.add(range);
            }
            assertThat(slabs.use().total())
                    .isEqualTo(held.stream().mapToLong(Slabs.Range::bytes).sum());
        }
        held.forEach(slabs::free);
        int before = sizes.size();
        assertThat(slabs.use().reserved())
                .isEqualTo(sizes.stream().mapToLong(Long::longValue).sum());
        for (long size : List.copyOf(sizes)) { // all parts have joined again
            lease(size);
        }
        assertThat(sizes).hasSize(before);
        assertThat(slabs.use().total()).isEqualTo(slabs.use().reserved());
    }

    /** As training steps lease: much on the way forward, freed in reverse with gradients in between, and never twice as many tokens. */
    @Test
    void stepsOfDifferentLengthsShareTheSameMemory() {
        Random random = new Random(11);
        long longest = 0;
        for (int step = 0; step < 200; step++) {
            int tokens = 600 + random.nextInt(425);
            slabs.resetPeak();
            List<Slabs.Range> kept = new ArrayList<>();
            for (int layer = 0; layer < 12; layer++) {
                for (int width : new int[] {576, 576, 192, 192, 576, 1536, 1536}) {
                    kept.add(lease(4L * tokens * width));
                    slabs.free(lease(4L * tokens * 32));
                }
            }
            for (Slabs.Range range : kept.reversed()) {
                Slabs.Range gradient = lease(range.bytes());
                slabs.free(range);
                slabs.free(gradient);
            }
            longest = Math.max(longest, slabs.use().peak());
        }
        assertThat((double) slabs.use().reserved() / longest).isBetween(1.0, 1.1);
    }

    @Test
    void aCopyGoesTheSameWayAndLeavesTheOriginalAlone() {
        Random random = new Random(3);
        List<Slabs.Range> held = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            held.add(lease(random.nextInt(100_000)));
            if (i % 3 == 0) {
                slabs.free(held.remove(random.nextInt(held.size())));
            }
        }
        Slabs copy = new Slabs(slabs);
        assertThat(copy.use()).isEqualTo(slabs.use());
        List<String> rehearsed = goOn(copy);
        assertThat(copy.use()).isNotEqualTo(slabs.use());
        assertThat(goOn(slabs)).isEqualTo(rehearsed);
        assertThat(copy.use()).isEqualTo(slabs.use());
    }

    private static List<String> goOn(Slabs slabs) {
        Random random = new Random(5);
        List<String> places = new ArrayList<>();
        List<Slabs.Range> held = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            held.add(slabs.lease(random.nextInt(200_000), Owner.SCRATCH, bytes -> {}));
            places.add(place(held.getLast()));
            if (i % 2 == 0) {
                slabs.free(held.remove(random.nextInt(held.size())));
            }
        }
        return places;
    }

    @Test
    void slabsAreAFewTimesTheLeaseOrAShareOfAll() {
        lease(100);
        lease(5 * MIB);
        lease(100 * MIB);
        lease(100 * MIB);
        assertThat(sizes).containsExactly(4 * MIB, 40 * MIB, 100 * MIB, 100 * MIB);
        lease(4000 * MIB);
        lease(36 * MIB);
        assertThat(sizes.getLast()).isEqualTo(4244 * MIB / 32);
    }

    @Test
    void aSlabThatCannotBeMadeChangesNothing() {
        lease(100);
        var before = slabs.use();
        assertThatExceptionOfType(OutOfMemoryError.class)
                .isThrownBy(() -> slabs.lease(5 * MIB, Owner.CACHE, bytes -> {
                    throw new OutOfMemoryError();
                }));
        assertThat(slabs.use()).isEqualTo(before);
        assertThat(place(lease(100))).isEqualTo("0:128");
    }

    @Test
    void aRangeIsGivenBackOnce() {
        Slabs.Range range = lease(100);
        slabs.free(range);
        assertThatIllegalStateException().isThrownBy(() -> slabs.free(range));
    }
}
