package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import java.util.ArrayList;
import java.util.List;
import org.jocl.cl_mem;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Ragged;

/** {@code attention.cl}. */
final class OpenClAttention extends Family implements Attention, AutoCloseable {
    private static final int ITEMS = 64;

    /** Rows of a tile, at most: more would leave too few groups for the short rows of fine-tuning. */
    private static final int MOST_ROWS = 16;

    private final Constants constants;
    private final Scratch scratch;
    private final long localMemory;

    OpenClAttention(Commands commands, Programs programs, Constants constants, Platforms.Listed listed) {
        super("attention", commands, programs);
        this.constants = constants;
        this.scratch = new Scratch(commands);
        this.localMemory = listed.localMemory();
    }

    /** Rows of a tile: as many as let four tiles and two of scores lie in local memory, of which a card surely has 32 KiB. */
    private int tileRows(int headDim) {
        long room = Math.min(localMemory, 48 << 10);
        int rows = MOST_ROWS;
        while (rows > 1 && (4L * rows * (headDim + 1) + 2L * rows * (rows + 1) + 8L * rows) * Float.BYTES > room) {
            rows /= 2;
        }
        return rows;
    }

    private Launch launch(String kernel, Plan plan, int tileRows) {
        return launch(kernel, "-DD=" + plan.headDim() + " -DB=" + tileRows);
    }

    /** Blocks of queries for {@code forward} and {@code backwardQueries}. */
    private static int[] queryBlocks(Ragged rows, int tileRows) {
        List<Integer> blocks = new ArrayList<>();
        for (int s = 0; s < rows.sequences(); s++) {
            int first = rows.queryStart()[s];
            int queries = rows.queryStart()[s + 1] - first;
            int before = rows.keyLength()[s] - queries + 1;
            for (int i = 0; i < queries; i += tileRows) {
                blocks.add(first + i);
                blocks.add(Math.min(tileRows, queries - i));
                blocks.add(rows.keyStart()[s]);
                blocks.add(before + i);
            }
        }
        return blocks.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Blocks of keys for {@code backwardKeys}. */
    private static int[] keyBlocks(Ragged rows, int tileRows) {
        List<Integer> blocks = new ArrayList<>();
        for (int s = 0; s < rows.sequences(); s++) {
            int queries = rows.queryStart()[s + 1] - rows.queryStart()[s];
            int keys = rows.keyLength()[s];
            for (int j = 0; j < keys; j += tileRows) {
                blocks.add(rows.keyStart()[s] + j);
                blocks.add(Math.min(tileRows, keys - j));
                blocks.add(j);
                blocks.add(queries);
                blocks.add(rows.queryStart()[s]);
                blocks.add(keys - queries + 1);
                blocks.add(0);
                blocks.add(0);
            }
        }
        return blocks.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void run(Launch launch, int blocks, int heads) {
        launch.run(new long[] {(long) blocks * ITEMS, heads}, new long[] {ITEMS, 1});
    }

    /** What all three kernels begin with. */
    private static Launch plan(Launch launch, cl_mem blocks, Plan plan) {
        return launch.arg(blocks)
                .arg(plan.heads())
                .arg(plan.kvHeads())
                .arg(plan.scale())
                .arg(plan.window());
    }

    @Override
    public void forward(Plan plan, Memory q, Memory k, Memory v, Memory o, Memory logSumExp) {
        int d = plan.headDim();
        long queryHeads = (long) plan.rows().queries() * plan.heads();
        long keyHeads = (long) plan.rows().keyRows() * plan.kvHeads();
        DeviceMemory qs = floats(q, queryHeads * d);
        DeviceMemory ks = floats(k, keyHeads * d);
        DeviceMemory vs = floats(v, keyHeads * d);
        DeviceMemory os = floats(o, queryHeads * d);
        DeviceMemory ls = floats(logSumExp, queryHeads);
        int tileRows = tileRows(d);
        int[] blocks = queryBlocks(plan.rows(), tileRows);
        if (blocks.length == 0) {
            return;
        }
        run(
                plan(launch("forward", plan, tileRows), constants.ints(blocks), plan)
                        .arg(qs)
                        .arg(ks)
                        .arg(vs)
                        .arg(os)
                        .arg(ls),
                blocks.length / 4,
                plan.heads());
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
        int d = plan.headDim();
        long queryHeads = (long) plan.rows().queries() * plan.heads();
        long keyHeads = (long) plan.rows().keyRows() * plan.kvHeads();
        DeviceMemory qs = floats(q, queryHeads * d);
        DeviceMemory ks = floats(k, keyHeads * d);
        DeviceMemory vs = floats(v, keyHeads * d);
        DeviceMemory os = floats(o, queryHeads * d);
        DeviceMemory ls = floats(logSumExp, queryHeads);
        DeviceMemory dos = floats(dO, queryHeads * d);
        DeviceMemory dqs = floats(dq, queryHeads * d);
        DeviceMemory dks = floats(dk, keyHeads * d);
        DeviceMemory dvs = floats(dv, keyHeads * d);
        int tileRows = tileRows(d);
        int[] queries = queryBlocks(plan.rows(), tileRows);
        int[] keys = keyBlocks(plan.rows(), tileRows);
        synchronized (scratch) {
            cl_mem delta = scratch.floats(queryHeads);
            launch("deltas", plan, tileRows)
                    .arg(queryHeads)
                    .arg(os)
                    .arg(dos)
                    .arg(delta)
                    .items(queryHeads);
            if (queries.length > 0) {
                run(
                        plan(launch("backwardQueries", plan, tileRows), constants.ints(queries), plan)
                                .arg(qs)
                                .arg(ks)
                                .arg(vs)
                                .arg(ls)
                                .arg(dos)
                                .arg(delta)
                                .arg(dqs),
                        queries.length / 4,
                        plan.heads());
            }
            if (keys.length > 0) {
                run(
                        plan(launch("backwardKeys", plan, tileRows), constants.ints(keys), plan)
                                .arg(qs)
                                .arg(ks)
                                .arg(vs)
                                .arg(ls)
                                .arg(dos)
                                .arg(delta)
                                .arg(dks)
                                .arg(dvs),
                        keys.length / 8,
                        plan.kvHeads());
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}
