package org.moelora.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.RoutingObserver;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Tape;
import org.moelora.model.LanguageModel;

/**
 * What the routers of a mixture do, linear by linear: how much the experts that a row gets say about its task, and how much experts differ. Experts of
 * different linears are unrelated, so nothing is added up over linears by an expert's index.
 *
 * @param linears the adapted linears, bottom to top
 * @param tasks A names, sorted; rows without a task count for everything but the task's information
 * @param rows how many were measured
 * @param olderRows how many more were left out, as an adapter answers them on which this one grew ({@link Adapter#older})
 * @param tokens in those that were measured
 * @param seed of the untrained routers that these are held against
 */
public record RoutingReport(
        List<LinearRouting> linears, List<String> tasks, int rows, int olderRows, long tokens, long seed) {
    private static final int BATCH_TOKENS = 2048;

    public RoutingReport {
        linears = List.copyOf(linears);
        tasks = List.copyOf(tasks);
    }

    /** {@link #measure(LanguageModel, List, long)} with the seed 0. */
    public static RoutingReport measure(LanguageModel model, List<TokenRow> rows) {
        return measure(model, rows, 0);
    }

    /**
     * Runs rows through a view with a mixture, and again with its routers untrained: random projections of different inputs differ as well, so
     * {@link LinearRouting#information} means something only beside {@link LinearRouting#untrained}.
     *
     * @param given at least one row
     * @param seed that the adapter was made with, for the untrained routers
     * @throws IllegalArgumentException if the view has no adapter, or one without a mixture, or there are no rows
     * @throws InputException if gates depend on a task that a row does not name, or an older adapter answers all rows
     */
    public static RoutingReport measure(LanguageModel model, List<TokenRow> given, long seed) {
        Adapter adapter = model.adapter();
        GatePolicy gate = adapter == null ? null : adapter.config().gate();
        if (adapter == null || gate == null) {
            throw new IllegalArgumentException("only a mixture of experts routes");
        }
        if (given.isEmpty()) {
            throw new IllegalArgumentException("there are no rows to route");
        }
        List<TokenRow> rows = adapter.older() == null ? given : answeredByNewest(model, given);
        if (rows.isEmpty()) {
            throw new InputException("the adapter grew on an older one, which answers all " + given.size()
                    + " rows; expected some of its own job");
        }
        List<String> tasks = rows.stream()
                .map(TokenRow::task)
                .filter(Objects::nonNull)
                .distinct()
                .sorted()
                .toList();
        long tokens = rows.stream().mapToLong(TokenRow::length).sum();
        Map<String, GateCounts> counts = counts(adapter, tasks);
        Map<String, ExpertOutputs> outputs = new LinkedHashMap<>();
        AdapterConfig config = adapter.config();
        for (LinearSite site : adapter.sites()) {
            int experts = config.experts(site);
            int chosen = gate.topK() > 0 ? gate.topK() : experts;
            outputs.put(site.name(), new ExpertOutputs(experts, config.rank(site), chosen, tokens));
        }
        route(model, rows, batch -> {
            int[] taskOf = taskOf(batch, tasks);
            return (module, u, b, routing) -> {
                double[] w = GateCounts.shares(routing);
                of(counts, module).add(batch.starts(), taskOf, w, routing.p().toArray());
                ExpertOutputs own = of(outputs, module);
                if (!own.knowsB()) {
                    own.b(b.toArray());
                }
                own.add(u.toArray(), w);
            };
        });
        Map<String, GateCounts> before = tasks.size() < 2 ? Map.of() : untrained(model, adapter, rows, tasks, seed);
        List<LinearRouting> linears = adapter.sites().stream()
                .map(site -> linear(
                        site,
                        adapter.routerOf(site),
                        config.rank(site),
                        of(counts, site.name()),
                        of(outputs, site.name()),
                        before.get(site.name())))
                .toList();
        return new RoutingReport(linears, tasks, rows.size(), given.size() - rows.size(), tokens, seed);
    }

    private static List<TokenRow> answeredByNewest(LanguageModel model, List<TokenRow> rows) {
        List<TokenRow> own = new ArrayList<>();
        for (Batch batch : Batch.byTokens(rows, BATCH_TOKENS)) {
            int[] generations = model.answeredBy(batch.ids(), batch.layout());
            for (int r = 0; r < generations.length; r++) {
                if (generations[r] == 0) {
                    own.add(batch.rows().get(r));
                }
            }
        }
        return own;
    }

    private static Map<String, GateCounts> counts(Adapter adapter, List<String> tasks) {
        Map<String, GateCounts> counts = new LinkedHashMap<>();
        for (LinearSite site : adapter.sites()) {
            counts.put(
                    site.name(), new GateCounts(tasks.size(), adapter.config().experts(site)));
        }
        return counts;
    }

    private static Map<String, GateCounts> untrained(
            LanguageModel model, Adapter trained, List<TokenRow> rows, List<String> tasks, long seed) {
        // B is zero, so that hidden states are the base's.
        try (Adapter adapter = trained.untrained(model.decoder(), seed)) {
            Map<String, GateCounts> counts = counts(adapter, tasks);
            route(model.with(adapter), rows, batch -> {
                int[] taskOf = taskOf(batch, tasks);
                return (module, u, b, routing) -> of(counts, module)
                        .add(
                                batch.starts(),
                                taskOf,
                                GateCounts.shares(routing),
                                routing.p().toArray());
            });
            return counts;
        }
    }

    private static void route(LanguageModel model, List<TokenRow> rows, Function<Batch, RoutingObserver> observers) {
        for (Batch batch : Batch.byTokens(rows, BATCH_TOKENS)) {
            AdapterPass pass = AdapterPass.observed(observers.apply(batch)).withRows(batch.layout());
            try (Tape tape = Tape.inference(model.decoder().device())) {
                model.hidden(tape, pass, batch.ids(), batch.starts());
            } catch (InternalError e) {
                throw model.decoder().explained(e);
            }
        }
    }

    private static int[] taskOf(Batch batch, List<String> tasks) {
        return batch.tasks().stream()
                .mapToInt(task -> task == null ? -1 : tasks.indexOf(task))
                .toArray();
    }

    private static <T> T of(Map<String, T> all, String module) {
        return Objects.requireNonNull(all.get(module), module);
    }

    private static LinearRouting linear(
            LinearSite site,
            LinearSite router,
            int rank,
            GateCounts gates,
            ExpertOutputs outputs,
            @Nullable GateCounts untrained) {
        double[] load = gates.load();
        return new LinearRouting(
                site,
                router,
                load.length,
                rank,
                untrained == null ? Double.NaN : gates.information(),
                untrained == null ? Double.NaN : untrained.information(),
                untrained == null ? Double.NaN : gates.bias(),
                gates.entropy(),
                load,
                outputs.within(),
                outputs.between(),
                outputs.effectiveRanks(),
                gates.sharesByTask());
    }

    /** Whether rows name two tasks at least, without which there is nothing to know about the task. */
    public boolean comparesTasks() {
        return tasks.size() > 1;
    }

    /** How many routers there are: as many as linears, unless linears share them. */
    public int routers() {
        return (int) linears.stream().map(LinearRouting::router).distinct().count();
    }

    /** The linears whose experts say most about the task, the most first; equals from the bottom. Of linears that share a router, the one that has it. */
    public List<LinearRouting> mostInformed(int count) {
        return linears.stream()
                .filter(linear -> linear.site().equals(linear.router()))
                .sorted(Comparator.comparingDouble(LinearRouting::information).reversed())
                .limit(count)
                .toList();
    }

    /** The mean over linears of a number of theirs, without those that have none; NaN if none has. */
    public double mean(ToDoubleFunction<LinearRouting> number) {
        return linears.stream()
                .mapToDouble(number)
                .filter(value -> !Double.isNaN(value))
                .average()
                .orElse(Double.NaN);
    }
}
