package org.moelora.kernels.cpu;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a CPU device. A job is a number of independent tasks; the caller works on its own job together with the
 * workers, so any number of threads may submit jobs at once and one thread means no hand-over at all. Which thread runs a
 * task is left to chance, so a task must write only what is its own and reduce in an order that its index fixes.
 */
public final class Workers implements AutoCloseable {
    /** One task of a job. */
    @FunctionalInterface
    public interface Task {
        void run(int index);
    }

    /** Short enough not to disturb, long enough to bridge the gaps between the kernels of one step. */
    private static final int SPINS = 4000;

    /** Its two counters are plain fields: a step runs thousands of jobs, and an object for each would be garbage. */
    private static final class Job {
        private static final AtomicIntegerFieldUpdater<Job> NEXT =
                AtomicIntegerFieldUpdater.newUpdater(Job.class, "next");
        private static final AtomicIntegerFieldUpdater<Job> DONE =
                AtomicIntegerFieldUpdater.newUpdater(Job.class, "done");

        final Task task;
        final int tasks;
        final Thread caller = Thread.currentThread();
        private volatile int next;
        private volatile int done;
        volatile @Nullable Throwable failure;

        Job(Task task, int tasks) {
            this.task = task;
            this.tasks = tasks;
        }

        /** Runs tasks until none is left to start. */
        void work() {
            for (int i = NEXT.getAndIncrement(this); i < tasks; i = NEXT.getAndIncrement(this)) {
                try {
                    task.run(i);
                } catch (RuntimeException | Error e) {
                    failure = e;
                }
                if (DONE.incrementAndGet(this) == tasks) {
                    LockSupport.unpark(caller);
                }
            }
        }
    }

    private final ConcurrentLinkedQueue<Job> jobs = new ConcurrentLinkedQueue<>();
    private final Thread[] threads;
    private volatile boolean closed;

    public Workers(int threads) {
        this.threads = new Thread[threads - 1];
        for (int i = 0; i < this.threads.length; i++) {
            this.threads[i] =
                    Thread.ofPlatform().daemon().name("moelora-cpu-" + (i + 1)).start(this::serve);
        }
    }

    /** Threads that work on a job, the caller's included. */
    public int threads() {
        return threads.length + 1;
    }

    /** Runs {@code task} for every index below {@code tasks}; returns when all have run, and throws what one of them threw. */
    public void run(int tasks, Task task) {
        if (tasks <= 1 || threads.length == 0) {
            for (int i = 0; i < tasks; i++) {
                task.run(i);
            }
            return;
        }
        Job job = new Job(task, tasks);
        jobs.add(job);
        for (int i = 0; i < Math.min(threads.length, tasks - 1); i++) {
            LockSupport.unpark(threads[i]);
        }
        job.work();
        jobs.remove(job);
        for (int spin = 0; job.done < tasks; spin++) {
            if (spin < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(job);
            }
        }
        Throwable failure = job.failure;
        if (failure instanceof Error e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
    }

    private void serve() {
        int idle = 0;
        while (!closed) {
            Job job = jobs.peek();
            if (job != null) {
                job.work();
                jobs.remove(job);
                idle = 0;
            } else if (idle++ < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
                idle = 0;
            }
        }
    }

    /** Ends the threads once they are idle. */
    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }
}
