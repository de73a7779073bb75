package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;

import org.moelora.kernels.Attention;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Ragged;
import org.moelora.kernels.cpu.Buffers;
import org.moelora.kernels.cpu.Workers;

/** Checks the arguments and hands the sequences and heads to {@link AttentionForward} and {@link AttentionBackward}. */
final class SimdAttention implements Attention {
    /** Multiply-adds below which waking another thread takes longer than the call. */
    private static final long ALONE = 1 << 17;

    /** Tasks that even out what a longer sequence, or a slower core, takes longer. */
    private static final int TASKS_PER_THREAD = 4;

    private final Workers workers;
    private final Attention plain;
    private final Pool<AttentionScratch> pool;

    /** @param plain serves heads that are wider than a tile is deep, which no model family has */
    SimdAttention(Workers workers, Buffers buffers, Attention plain) {
        this.pool = new Pool<>(() -> new AttentionScratch(buffers));
        this.workers = workers;
        this.plain = plain;
    }

    @Override
    public void forward(Plan plan, Inputs in, Memory o, Memory logSumExp) {
        if (plan.headDim() > Tile.DEPTH) {
            plain.forward(plan, in, o, logSumExp);
            return;
        }
        int tasks = plan.rows().sequences() * plan.kvHeads();
        int parts = tasks < TASKS_PER_THREAD * workers.threads() ? plan.heads() / plan.kvHeads() : 1;
        run(
                plan,
                tasks * parts,
                new AttentionForward(
                        plan,
                        floats(in.q(), plan.queryNumbers()),
                        floats(in.k(), plan.keyNumbers()),
                        floats(in.v(), plan.keyNumbers()),
                        floats(o, plan.queryNumbers()),
                        floats(logSumExp, plan.queryHeads()),
                        parts,
                        pool));
    }

    @Override
    public void backward(Plan plan, Inputs in, Memory o, Memory logSumExp, Memory dO, Gradients gradients) {
        if (plan.headDim() > Tile.DEPTH) {
            plain.backward(plan, in, o, logSumExp, dO, gradients);
            return;
        }
        AttentionBackward backward = new AttentionBackward(
                plan,
                floats(in.q(), plan.queryNumbers()),
                floats(in.k(), plan.keyNumbers()),
                floats(in.v(), plan.keyNumbers()),
                floats(o, plan.queryNumbers()),
                floats(logSumExp, plan.queryHeads()),
                floats(dO, plan.queryNumbers()),
                floats(gradients.dq(), plan.queryNumbers()),
                floats(gradients.dk(), plan.keyNumbers()),
                floats(gradients.dv(), plan.keyNumbers()),
                gradients,
                parts(plan.rows().sequences() * plan.kvHeads()),
                pool);
        run(plan, backward.tasks(), backward);
    }

    /** Parts that keep all threads busy where so few tasks would not. To cut them makes seven products of five. */
    private int parts(int tasks) {
        int threads = workers.threads();
        return tasks == 0 || 7L * tasks >= 5L * threads ? 0 : Math.ceilDiv(TASKS_PER_THREAD * threads, tasks);
    }

    private void run(Plan plan, int tasks, Workers.Task task) {
        Ragged rows = plan.rows();
        long work = 0;
        for (int s = 0; s < rows.sequences(); s++) {
            int queries = rows.queryStart()[s + 1] - rows.queryStart()[s];
            work += (long) queries * rows.keyLength()[s] * plan.heads() * plan.headDim();
        }
        if (work < ALONE) {
            for (int i = 0; i < tasks; i++) {
                task.run(i);
            }
        } else {
            workers.run(tasks, task);
        }
    }
}
