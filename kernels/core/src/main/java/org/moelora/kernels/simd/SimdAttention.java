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
    private final AttentionScratch.Pool pool;

    /** @param plain serves heads that are wider than a tile is deep, which no model family has */
    SimdAttention(Workers workers, Buffers buffers, Attention plain) {
        this.pool = new AttentionScratch.Pool(buffers);
        this.workers = workers;
        this.plain = plain;
    }

    @Override
    public void forward(Plan plan, Memory q, Memory k, Memory v, Memory o, Memory logSumExp) {
        if (plan.headDim() > Tile.DEPTH) {
            plain.forward(plan, q, k, v, o, logSumExp);
            return;
        }
        long queryHeads = (long) plan.rows().queries() * plan.heads();
        long keyNumbers = (long) plan.rows().keyRows() * plan.kvHeads() * plan.headDim();
        int tasks = plan.rows().sequences() * plan.kvHeads();
        int parts = tasks < TASKS_PER_THREAD * workers.threads() ? plan.heads() / plan.kvHeads() : 1;
        run(
                plan,
                tasks * parts,
                new AttentionForward(
                        plan,
                        floats(q, queryHeads * plan.headDim()),
                        floats(k, keyNumbers),
                        floats(v, keyNumbers),
                        floats(o, queryHeads * plan.headDim()),
                        floats(logSumExp, queryHeads),
                        parts,
                        pool));
    }

    @Override
    public void backward(
            Plan plan,
            Memory q,
            Memory k,
            Memory v,
            Memory o,
            Memory logSumExp,
            Memory dO,
            Memory dq,
            Memory dk,
            Memory dv) {
        if (plan.headDim() > Tile.DEPTH) {
            plain.backward(plan, q, k, v, o, logSumExp, dO, dq, dk, dv);
            return;
        }
        long queryHeads = (long) plan.rows().queries() * plan.heads();
        long queryNumbers = queryHeads * plan.headDim();
        long keyNumbers = (long) plan.rows().keyRows() * plan.kvHeads() * plan.headDim();
        AttentionBackward backward = new AttentionBackward(
                plan,
                floats(q, queryNumbers),
                floats(k, keyNumbers),
                floats(v, keyNumbers),
                floats(o, queryNumbers),
                floats(logSumExp, queryHeads),
                floats(dO, queryNumbers),
                floats(dq, queryNumbers),
                floats(dk, keyNumbers),
                floats(dv, keyNumbers),
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
