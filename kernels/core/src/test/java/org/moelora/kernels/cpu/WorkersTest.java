package org.moelora.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The time limit only turns a deadlock into a failure. */
@Timeout(120)
class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyTaskRunsOnce(int threads) {
        try (Workers workers = new Workers(threads)) {
            assertThat(workers.threads()).isEqualTo(threads);
            for (int tasks : new int[] {0, 1, 2, 7, 100}) {
                AtomicIntegerArray runs = new AtomicIntegerArray(100);
                workers.run(tasks, runs::incrementAndGet);
                for (int i = 0; i < 100; i++) {
                    assertThat(runs.get(i)).isEqualTo(i < tasks ? 1 : 0);
                }
            }
        }
    }

    @Test
    void tasksReallyRunSideBySide() {
        try (Workers workers = new Workers(2)) {
            CountDownLatch both = new CountDownLatch(2);
            workers.run(2, i -> {
                both.countDown();
                try {
                    both.await(); // one thread alone would wait for ever
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(both.getCount()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void whatATaskThrowsReachesTheCallerAndTheWorkersGoOn(int threads) {
        try (Workers workers = new Workers(threads)) {
            assertThatThrownBy(() -> workers.run(20, i -> {
                        if (i == 13) {
                            throw new IllegalStateException("task 13");
                        }
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("task 13");
            assertThatThrownBy(() -> workers.run(5, i -> {
                        throw new AssertionError("an error");
                    }))
                    .isInstanceOf(AssertionError.class);
            AtomicInteger sum = new AtomicInteger();
            workers.run(50, sum::addAndGet);
            assertThat(sum.get()).isEqualTo(1225);
        }
    }

    @Test
    void callersShareTheWorkers() throws InterruptedException {
        try (Workers workers = new Workers(3)) {
            int callers = 6;
            AtomicIntegerArray done = new AtomicIntegerArray(callers);
            List<Thread> threads = new ArrayList<>();
            for (int c = 0; c < callers; c++) {
                int caller = c;
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int round = 0; round < 300; round++) {
                        workers.run(5, i -> done.incrementAndGet(caller));
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            for (int c = 0; c < callers; c++) {
                assertThat(done.get(c)).isEqualTo(1500);
            }
        }
    }

    @Test
    void aTaskMayBeAJobItself() {
        try (Workers workers = new Workers(3)) {
            AtomicInteger leaves = new AtomicInteger();
            workers.run(4, i -> workers.run(4, j -> workers.run(4, k -> leaves.incrementAndGet())));
            assertThat(leaves.get()).isEqualTo(64);
        }
    }

    @Test
    void writesOfTasksAreSeenByTheCaller() {
        try (Workers workers = new Workers(4)) {
            for (int round = 1; round <= 2000; round++) {
                int value = round;
                int[] out = new int[8];
                workers.run(8, i -> out[i] = value);
                assertThat(out).containsOnly(value);
            }
        }
    }

    @Test
    void closedWorkersLeaveTheWorkToTheCaller() {
        Workers workers = new Workers(3);
        workers.close();
        AtomicInteger sum = new AtomicInteger();
        workers.run(10, sum::addAndGet);
        assertThat(sum.get()).isEqualTo(45);
    }
}
