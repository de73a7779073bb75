package org.moelora.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.DType;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

class SlabPoolTest {
    private final SlabPool pool = new SlabPool("cpu", false);

    @AfterEach
    void close() {
        pool.close();
    }

    private HostMemory lease(long length) {
        return pool.lease(DType.F32, length, Owner.TAPE);
    }

    @Test
    void everyLeaseIsAligned() {
        for (long length : new long[] {0, 1, 15, 16, 17, 1000, 300_000, 2_000_000}) {
            assertThat(lease(length).segment().address() % 64)
                    .as("address of %d", length)
                    .isZero();
        }
    }

    @Test
    void leasesDoNotOverlap() {
        List<HostMemory> leases = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            leases.add(lease(1 + i * 131L));
        }
        for (int i = 0; i < leases.size(); i++) {
            leases.get(i).segment().fill((byte) i);
        }
        for (int i = 0; i < leases.size(); i++) {
            byte[] bytes = leases.get(i).segment().toArray(ValueLayout.JAVA_BYTE);
            assertThat(bytes).containsOnly((byte) i);
        }
    }

    @Test
    void whatIsGivenBackIsUsedAgain() {
        Set<Long> addresses = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            try (HostMemory memory = lease(700 + i)) {
                addresses.add(memory.segment().address());
            }
        }
        assertThat(addresses).hasSize(1);
    }

    @Test
    void aLeaseIsAsLongAsAskedThoughItsBlockIsLonger() {
        assertThat(lease(1001).segment().byteSize()).isEqualTo(4004);
    }

    @Test
    void useAndPeakFollowLeases() {
        Memory a = pool.lease(DType.F32, 16, Owner.MODEL);
        Memory b = pool.lease(DType.F16, 32, Owner.CACHE);
        assertThat(pool.use().now()).containsEntry(Owner.MODEL, 64L).containsEntry(Owner.CACHE, 64L);
        b.close();
        b.close(); // must not be counted twice
        assertThat(pool.use().now()).containsEntry(Owner.MODEL, 64L).containsEntry(Owner.CACHE, 0L);
        assertThat(pool.use().peak()).isEqualTo(128);
        assertThat(pool.use().atPeak()).containsEntry(Owner.MODEL, 64L).containsEntry(Owner.CACHE, 64L);
        pool.resetPeak();
        assertThat(pool.use().peak()).isEqualTo(64);
        a.close();
        assertThat(pool.use().total()).isZero();
    }

    @Test
    void aNewLeaseDoesNotReviveAnOldOneOfTheSameBlock() {
        HostMemory old = lease(100);
        long address = old.segment().address();
        old.close();
        HostMemory fresh = lease(100);
        assertThat(fresh.segment().address()).isEqualTo(address);
        assertThat(old.isOpen()).isFalse();
        assertThatIllegalStateException().isThrownBy(old::segment);
        old.close(); // must not give the new owner's block away
        assertThat(fresh.isOpen()).isTrue();
        assertThat(lease(100).segment().address()).isNotEqualTo(address);
    }

    @Test
    void poisonIsNotANumberBeforeTheFirstWriteAndAfterTheLast() {
        SlabPool poisoned = new SlabPool("cpu", true);
        try {
            HostMemory memory = poisoned.lease(DType.F32, 33, Owner.TAPE);
            var segment = memory.segment();
            assertThat(HostMemory.get(segment, 0)).isNaN();
            assertThat(HostMemory.get(segment, 32)).isNaN();
            segment.fill((byte) 0);
            memory.close();
            assertThat(HostMemory.get(segment, 32)).isNaN();
        } finally {
            poisoned.close();
        }
    }

    @Test
    void nothingIsLeasedOnceItIsClosed() {
        HostMemory memory = lease(4);
        pool.close();
        assertThatIllegalStateException().isThrownBy(() -> lease(4));
        assertThatIllegalStateException().isThrownBy(() -> memory.segment().get(ValueLayout.JAVA_FLOAT, 0));
        memory.close();
    }
}
