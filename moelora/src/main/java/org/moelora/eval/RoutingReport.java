package org.moelora.eval;

import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LinearSite;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.model.LanguageModel;

/**
 * Who does the work in a mixture, and how different the workers are.
 *
 * @param modules names of the adapted linears, bottom to top
 * @param experts the largest E of any linear
 * @param selections per task (rows without one under the empty name) how often each expert was chosen: [module][expert], with
 *     as many experts as the module has
 * @param meanCosine mean cosine between the outputs {@code B_e A_e x} of the experts chosen for the same token, over tokens and modules; NaN where
 *     outputs are zero or only one expert is chosen
 */
public record RoutingReport(
        List<String> modules, int experts, SortedMap<String, long[][]> selections, double meanCosine) {
    private static final int BATCH_TOKENS = 2048;

    /**
     * Runs rows through a view with a mixture and counts.
     *
     * @throws IllegalArgumentException if the view has no adapter, or one without a mixture
     * @throws InputException if its gate selects nothing, but gives every token all experts
     */
    public static RoutingReport measure(LanguageModel model, List<TokenRow> rows) {
        Adapter adapter = model.adapter();
        GatePolicy gate = adapter == null ? null : adapter.config().gate();
        if (adapter == null || gate == null) {
            throw new IllegalArgumentException("only a mixture of experts routes");
        }
        if (!gate.selects()) {
            throw new InputException(
                    "the gate " + gate.id() + " gives every token all experts, so there are no selections"
                            + " to count; expected an adapter with the gate top-k, top-k-raw or threshold");
        }
        List<String> modules = adapter.modules();
        List<LinearSite> sites = adapter.sites();
        int[] experts = sites.stream().mapToInt(adapter.config()::experts).toArray();
        SortedMap<String, long[][]> selections = new TreeMap<>();
        double[] cosine = new double[2];
        for (Batch batch : Batch.byTokens(rows, BATCH_TOKENS)) {
            AdapterPass pass = AdapterPass.observed((module, u, b, routing) -> {
                int index = modules.indexOf(module);
                int[][] chosen = routing.chosen();
                count(batch, index, experts, chosen, selections);
                addCosines(u, b, chosen, adapter.config().rank(sites.get(index)), cosine);
            });
            try (Tape tape = Tape.inference(model.decoder().device())) {
                model.hidden(tape, pass.withRows(batch.layout()), batch.ids(), batch.starts());
            }
        }
        return new RoutingReport(modules, Arrays.stream(experts).max().orElse(0), selections, cosine[0] / cosine[1]);
    }

    private static void count(
            Batch batch, int module, int[] experts, int[][] chosen, SortedMap<String, long[][]> selections) {
        for (int r = 0; r < batch.rows().size(); r++) {
            String task = batch.rows().get(r).task();
            long[][] counts = selections.computeIfAbsent(
                    task == null ? "" : task,
                    t -> Arrays.stream(experts).mapToObj(long[]::new).toArray(long[][]::new));
            for (int t = batch.starts()[r]; t < batch.starts()[r + 1]; t++) {
                for (int expert : chosen[t]) {
                    counts[module][expert]++;
                }
            }
        }
    }

    /** Inner products in rank space: {@code <v_e, v_f> = u_e^T (B_e^T B_f) u_f}. */
    private static void addCosines(Tensor u, Tensor b, int[][] chosen, int rank, double[] sumAndCount) {
        int width = u.shape().cols();
        double[][] m = gram(b.toArray(), b.shape().dim(0), width);
        float[] us = u.toArray();
        for (int t = 0; t < chosen.length; t++) {
            for (int i = 0; i < chosen[t].length; i++) {
                for (int j = i + 1; j < chosen[t].length; j++) {
                    int e = chosen[t][i];
                    int f = chosen[t][j];
                    double norms =
                            Math.sqrt(product(us, t * width, m, e, e, rank) * product(us, t * width, m, f, f, rank));
                    if (norms > 0) {
                        sumAndCount[0] += product(us, t * width, m, e, f, rank) / norms;
                        sumAndCount[1]++;
                    }
                }
            }
        }
    }

    /** {@code B^T B} [E r, E r]. */
    private static double[][] gram(float[] b, int out, int width) {
        double[][] m = new double[width][width];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < width; i++) {
                for (int j = 0; j < width; j++) {
                    m[i][j] += (double) b[o * width + i] * b[o * width + j];
                }
            }
        }
        return m;
    }

    private static double product(float[] u, int row, double[][] m, int e, int f, int rank) {
        double sum = 0;
        for (int i = e * rank; i < (e + 1) * rank; i++) {
            for (int j = f * rank; j < (f + 1) * rank; j++) {
                sum += u[row + i] * m[i][j] * u[row + j];
            }
        }
        return sum;
    }

    /** Selections of one task, added up over modules: [expert]. */
    public long[] total(String task) {
        long[] total = new long[experts];
        long[][] counts = selections.getOrDefault(task, new long[0][]);
        for (long[] module : counts) {
            for (int e = 0; e < module.length; e++) {
                total[e] += module[e];
            }
        }
        return total;
    }
}
