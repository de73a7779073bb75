package org.moelora.adapter;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.RowRange;

/**
 * The adapters of texts that are decoded side by side, one token of each at a time: every row of a batch has its own adapter, of any method, or none. The frozen linears are
 * computed for all rows at once and each adapter's update for its own, and every row has the bits that it has alone. Used by one thread.
 */
public final class RowAdapters {
    /**
     * One text.
     *
     * @param adapter null for the base alone
     * @param task for gates that depend on it
     * @param kept what was kept when its prompt was read, with this adapter
     */
    public record Row(@Nullable Adapter adapter, @Nullable String task, Kept kept) {
        /** Whether a row may stand in one group with this one. */
        private boolean joins(Row other) {
            return adapter != null
                    && adapter == other.adapter
                    && adapter.generation(kept) == other.adapter.generation(other.kept)
                    && adapter.answering(kept).rowsAlike();
        }
    }

    /** Rows that one adapter answers. */
    private static final class Group {
        private final int from;
        private final int count;
        private final Adapter answering;
        private final AdapterPass rows;
        private AdapterPass pass;

        Group(int from, List<Row> of, Adapter adapter) {
            this.from = from;
            count = of.size();
            answering = adapter.answering(of.getFirst().kept);
            int[] starts = new int[count + 1];
            List<@Nullable String> tasks = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                starts[i + 1] = i + 1;
                tasks.add(of.get(i).task);
            }
            rows = AdapterPass.inference()
                    .withRows(RowLayout.ofPrompts(tasks, starts))
                    .keeping(Kept.sideBySide(of.stream().map(Row::kept).toList()))
                    .of(adapter.generation(of.getFirst().kept));
            pass = rows;
        }

        @Nullable AdapterLayer layer(String module) {
            return answering.layers().get(module);
        }
    }

    private final int rows;
    private final List<Group> groups = new ArrayList<>();

    private RowAdapters(int rows) {
        this.rows = rows;
    }

    /**
     * Rows with the same adapter should stand side by side: they are computed together.
     *
     * @param rows of whose adapters none is closed before the last pass
     */
    public static RowAdapters of(List<Row> rows) {
        RowAdapters all = new RowAdapters(rows.size());
        int from = 0;
        while (from < rows.size()) {
            Row first = rows.get(from);
            int to = from + 1;
            while (to < rows.size() && first.joins(rows.get(to))) {
                to++;
            }
            Adapter adapter = first.adapter;
            if (adapter != null) {
                all.groups.add(new Group(from, rows.subList(from, to), adapter));
            }
            from = to;
        }
        return all;
    }

    /** Begins a pass. */
    public void begin() {
        for (Group group : groups) {
            group.pass = group.rows.again();
        }
    }

    /**
     * A linear with the adapter of each row.
     *
     * @param module the linear's name
     * @param x [rows, in]
     * @return [rows, out]
     */
    public Tensor apply(Tape tape, String module, Tensor x, Weight weight, @Nullable Tensor bias) {
        Tensor y = Linear.byRow(tape, x, weight, bias);
        for (Group group : groups) {
            AdapterLayer layer = group.layer(module);
            if (layer == null) {
                continue;
            }
            boolean all = group.count == rows;
            Tensor in = all ? x : RowRange.of(tape, x, group.from, group.count);
            if (layer.composition() instanceof Dora) {
                y = RowRange.replace(tape, y, group.from, layer.apply(tape, group.pass, in, weight, bias));
            } else if (all) {
                y = layer.update(tape, group.pass, in, y, false);
            } else {
                Tensor part = RowRange.of(tape, y, group.from, group.count);
                y = RowRange.replace(tape, y, group.from, layer.update(tape, group.pass, in, part, false));
            }
        }
        return y;
    }
}
