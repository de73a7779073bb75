package org.moelora.bench.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ClientsTest {
    @Test
    void everyClientAsksItsOwnRequestsAndAllAreCounted() {
        AtomicInteger asked = new AtomicInteger();
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        Service service = new Service() {
            @Override
            public Answer ask(int[] prompt, int tokens) {
                assertThat(prompt).hasSize(5);
                threads.add(Thread.currentThread());
                int number = asked.incrementAndGet();
                return new Answer(number * 1_000_000_000L, number * 1_000_000_000L + 2_000_000_000L, tokens);
            }

            @Override
            public void close() {}
        };
        Clients.Seen seen = new Clients(2, 5, 5, 9, 50).ask(service);
        assertThat(asked).hasValue(10);
        assertThat(threads).hasSizeLessThanOrEqualTo(2);
        assertThat(seen.first()).isEqualTo(6);
        assertThat(seen.late()).isEqualTo(10);
        assertThat(seen.each()).isEqualTo(4); // eight tokens in the two seconds after the first
        assertThat(seen.throughput()).isPositive();
    }
}
