package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import java.util.Arrays;
import org.jocl.cl_mem;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/** {@code attention.cl}: scores stay on chip, forward and backward. */
final class OpenClAttention extends Family implements Attention {
    /** Groups for each unit that keep it busy. */
    private static final int GROUPS_PER_UNIT = 4;

    /** Tiles of keys that are worth a group of their own. */
    private static final int TILES_PER_PART = 4;

    private final AttentionTile.Limits limits;
    private final int busy;
    private final Constants constants;
    private final Scratch scratch;

    OpenClAttention(
            Commands commands, Programs programs, Scratch scratch, Constants constants, Platforms.Listed listed) {
        this(commands, programs, scratch, constants, AttentionTile.Limits.of(listed), GROUPS_PER_UNIT * listed.units());
    }

    /**
     * @param busy groups that keep the device busy
     */
    OpenClAttention(
            Commands commands,
            Programs programs,
            Scratch scratch,
            Constants constants,
            AttentionTile.Limits limits,
            int busy) {
        super("attention", commands, programs);
        this.constants = constants;
        this.scratch = scratch;
        this.limits = limits;
        this.busy = busy;
    }

    /** One call: its tiles, and where on the device it says which group owns what. */
    private final class Call {
        private final Plan plan;
        private final AttentionTile tile;
        private final AttentionGroups groups;
        private final cl_mem table;
        private final String constants;

        /** @param rows q, k, v and perhaps dO */
        Call(Plan plan, DeviceMemory... rows) {
            this.plan = plan;
            this.tile = AttentionTile.of(plan.headDim(), AttentionGroups.mostRows(plan), limits);
            this.groups = AttentionGroups.of(plan, tile.own());
            this.table = OpenClAttention.this.constants.ints(groups.table());
            boolean fours = plan.headDim() % 4 == 0 && Arrays.stream(rows).allMatch(memory -> memory.offset() % 4 == 0);
            this.constants = tile.constants() + " -DSHARE=" + plan.heads() / plan.kvHeads() + (fours ? " -DFOURS" : "");
        }

        Launch launch(String kernel, int tiles) {
            return OpenClAttention.this
                    .launch(kernel, constants)
                    .arg(plan.heads())
                    .arg(plan.kvHeads())
                    .arg(plan.headDim())
                    .arg(plan.scale())
                    .arg(plan.window())
                    .arg(table)
                    .arg(tiles);
        }

        /** Groups that share the keys of one tile of queries: one, unless that leaves most of the device idle. */
        int parts() {
            int longest = Math.min(
                    plan.window(), Arrays.stream(plan.rows().keyLength()).max().orElse(0));
            int most = Math.ceilDiv(longest, TILES_PER_PART * tile.staged());
            return Math.clamp(busy / Math.max(1, (long) groups.queryTiles() * plan.kvHeads()), 1, Math.max(1, most));
        }

        /** A group of items for each tile and key/value head, and part if there are several. */
        void run(Launch launch, int tiles, int parts) {
            launch.run(
                    new long[] {(long) tiles * tile.items(), plan.kvHeads(), parts}, new long[] {tile.items(), 1, 1});
        }
    }

    @Override
    public void forward(Plan plan, Inputs in, Memory o, Memory logSumExp) {
        DeviceMemory queries = floats(in.q(), plan.queryNumbers());
        DeviceMemory keys = floats(in.k(), plan.keyNumbers());
        DeviceMemory values = floats(in.v(), plan.keyNumbers());
        DeviceMemory out = floats(o, plan.queryNumbers());
        DeviceMemory sums = floats(logSumExp, plan.queryHeads());
        synchronized (constants) {
            forward(new Call(plan, queries, keys, values), queries, keys, values, out, sums);
        }
    }

    private void forward(
            Call call,
            DeviceMemory queries,
            DeviceMemory keys,
            DeviceMemory values,
            DeviceMemory out,
            DeviceMemory sums) {
        Plan plan = call.plan;
        long queryHeads = plan.queryHeads();
        int parts = call.parts();
        Launch launch = call.launch("attentionForward", call.groups.queryTilesFrom())
                .arg(queries)
                .arg(keys)
                .arg(values)
                .arg(out)
                .arg(sums)
                .arg(parts)
                .arg(queryHeads);
        synchronized (scratch) {
            cl_mem partials = scratch.floats(parts == 1 ? 1 : parts * queryHeads * (plan.headDim() + 2));
            call.run(launch.arg(partials), call.groups.queryTiles(), parts);
            if (parts > 1) {
                launch("attentionJoin", call.constants)
                        .arg(plan.headDim())
                        .arg(parts)
                        .arg(queryHeads)
                        .arg(partials)
                        .arg(out)
                        .arg(sums)
                        .items(queryHeads * plan.headDim());
            }
        }
    }

    @Override
    public void backward(Plan plan, Inputs in, Memory o, Memory logSumExp, Memory dO, Gradients gradients) {
        DeviceMemory queries = floats(in.q(), plan.queryNumbers());
        DeviceMemory keys = floats(in.k(), plan.keyNumbers());
        DeviceMemory values = floats(in.v(), plan.keyNumbers());
        DeviceMemory out = floats(o, plan.queryNumbers());
        DeviceMemory sums = floats(logSumExp, plan.queryHeads());
        DeviceMemory dOut = floats(dO, plan.queryNumbers());
        Sink dq = gradients.dq();
        Sink dk = gradients.dk();
        Sink dv = gradients.dv();
        boolean toQueries = !dq.isAbsent();
        boolean toKeys = !dk.isAbsent() || !dv.isAbsent();
        if (!toQueries && !toKeys) {
            return;
        }
        long queryNumbers = toQueries ? 0 : plan.queryNumbers();
        boolean both = !dk.isAbsent() && !dv.isAbsent();
        synchronized (constants) {
            Call call = new Call(plan, queries, keys, values, dOut);
            synchronized (scratch) {
                // delta lies where dq will; that of an absent dq, and the absent one of dk and dv, in memory that is
                // not read afterwards.
                cl_mem spare = scratch.floats(Math.max(1, queryNumbers + (both ? 0 : plan.keyNumbers())));
                Places places = new Places(spare, queryNumbers, plan);
                long bands = Math.ceilDiv(plan.queryHeads(), AttentionTile.BANDS);
                Launch delta = launch("attentionDelta", call.constants)
                        .arg(plan.queryHeads())
                        .arg(plan.headDim())
                        .arg(out)
                        .arg(dOut);
                places.ofQueries(delta, dq).run(new long[] {bands * call.tile.items()}, new long[] {call.tile.items()});
                if (toKeys) {
                    Launch keysAndValues = call.launch("attentionGradKV", call.groups.keyTilesFrom())
                            .arg(queries)
                            .arg(keys)
                            .arg(values)
                            .arg(sums)
                            .arg(dOut);
                    places.ofQueries(keysAndValues, dq);
                    places.ofKeys(keysAndValues, dk);
                    places.ofKeys(keysAndValues, dv);
                    call.run(keysAndValues, call.groups.keyTiles(), 1);
                }
                if (toQueries) {
                    Launch ofQueries = call.launch("attentionGradQ", call.groups.queryTilesFrom())
                            .arg(queries)
                            .arg(keys)
                            .arg(values)
                            .arg(sums)
                            .arg(dOut);
                    call.run(places.ofQueries(ofQueries, dq), call.groups.queryTiles(), 1);
                }
            }
        }
    }

    /** Where gradients go: those that are absent, to memory that is not read afterwards. */
    private record Places(cl_mem spare, long spareKeys, Plan plan) {
        Launch ofQueries(Launch launch, Sink dq) {
            return dq.isAbsent() ? launch.arg(spare).arg(0L) : launch.arg(floats(dq.memory(), plan.queryNumbers()));
        }

        Launch ofKeys(Launch launch, Sink d) {
            return d.isAbsent() ? launch.arg(spare).arg(spareKeys) : launch.arg(floats(d.memory(), plan.keyNumbers()));
        }
    }
}
