package org.moelora.bench.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Performer;

/**
 * How fast the machine reads memory. Arguments: bytes, threads. {@code time N} answers the nanoseconds of one pass of all threads over all bytes,
 * each thread over a part of its own.
 */
public final class ReadBandwidth implements Performer {
    private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;
    private static final int STEP = 4 * SPECIES.vectorByteSize();

    private final List<MemorySegment> parts;
    private final ExecutorService pool;

    private ReadBandwidth(long bytes, int threads) {
        long part = bytes / threads / STEP * STEP;
        parts = IntStream.range(0, threads)
                .mapToObj(i -> Arena.global().allocate(part, 64).fill((byte) 1))
                .toList();
        pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().factory());
    }

    public static void main(String[] args) {
        Performer.serve(() -> new ReadBandwidth(Long.parseLong(args[0]), Integer.parseInt(args[1])));
    }

    @Override
    public Answer perform(String[] words) {
        if (words[0].equals("about")) {
            return Answer.of("version", SPECIES.vectorBitSize() + "-bit loads");
        }
        int passes = Integer.parseInt(words[1]);
        List<Callable<Long>> jobs =
                parts.stream().map(part -> (Callable<Long>) () -> read(part)).toList();
        long sum = 0;
        long begin = System.nanoTime();
        try {
            for (int i = 0; i < passes; i++) {
                for (Future<Long> job : pool.invokeAll(jobs)) {
                    sum += job.get();
                }
            }
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("reading memory", e);
        }
        long nanos = System.nanoTime() - begin;
        // The sum is printed so that the compiler cannot drop the reads.
        return Answer.of("nanos", nanos / (double) passes, "sum", sum);
    }

    private static long read(MemorySegment part) {
        ByteOrder order = ByteOrder.nativeOrder();
        int width = SPECIES.vectorByteSize();
        LongVector a = LongVector.zero(SPECIES);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        for (long i = 0; i < part.byteSize(); i += STEP) {
            a = a.add(LongVector.fromMemorySegment(SPECIES, part, i, order));
            b = b.add(LongVector.fromMemorySegment(SPECIES, part, i + width, order));
            c = c.add(LongVector.fromMemorySegment(SPECIES, part, i + 2L * width, order));
            d = d.add(LongVector.fromMemorySegment(SPECIES, part, i + 3L * width, order));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }
}
