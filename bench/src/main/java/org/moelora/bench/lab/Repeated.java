package org.moelora.bench.lab;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;

/**
 * What a trial repeats.
 *
 * @param flops floating-point operations of one repetition
 */
public record Repeated(Runnable once, double flops) {
    private static final long SECOND = 1_000_000_000L;

    /**
     * Warms up, says a number, and then for each line that it reads answers with a rate and the bytes allocated by a repetition.
     *
     * @param ready that number
     */
    public static void answer(Repeated work, int ready) throws IOException {
        long calls = warmUp(work.once());
        System.out.println(ready);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        while (in.readLine() != null) {
            long allocated = threads.getTotalThreadAllocatedBytes();
            long start = System.nanoTime();
            for (long i = 0; i < calls; i++) {
                work.once().run();
            }
            long time = System.nanoTime() - start;
            long bytes = (threads.getTotalThreadAllocatedBytes() - allocated) / calls;
            System.out.println(work.flops() * calls / time + " " + bytes);
        }
    }

    /** Until nothing has been compiled for two seconds, at most a minute; returns how many calls take a third of a second. */
    private static long warmUp(Runnable once) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long begin = System.nanoTime();
        long quietSince = begin;
        long compiled = 0;
        while (System.nanoTime() - quietSince < 2 * SECOND && System.nanoTime() - begin < 60 * SECOND) {
            once.run();
            if (compiler.getTotalCompilationTime() > compiled) {
                compiled = compiler.getTotalCompilationTime();
                quietSince = System.nanoTime();
            }
        }
        long start = System.nanoTime();
        long calls = 0;
        while (calls == 0 || System.nanoTime() - start < SECOND / 3) {
            once.run();
            calls++;
        }
        return calls;
    }
}
