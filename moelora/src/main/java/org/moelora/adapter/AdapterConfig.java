package org.moelora.adapter;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * What an adapter is made of. All of them are {@code y = W0 x + s sum_e g_e(x) B_e A_e x} on the targeted linears.
 */
public sealed interface AdapterConfig permits LoraConfig, MoeLoraConfig {
    /** {@code lora}, {@code dora} or {@code moelora}. */
    String method();

    /** r, of one expert. */
    int rank();

    /** alpha, of {@link #scale}. */
    double alpha();

    /** Probability of dropping an input feature on the adapter's path, in [0, 1). */
    double dropout();

    /** Which linears are adapted. */
    Targets targets();

    /** E; 1 without a mixture. */
    int experts();

    /** How tokens choose among experts; null without a mixture, where {@code g = 1}. */
    @Nullable GatePolicy gate();

    /** What the gate looks at; says nothing without a mixture. */
    default Router router() {
        return new Router.Token();
    }

    /** What it keeps on a linear beside what it trains: what its router and its gate do. */
    default List<GateParameter> statistics(LinearSite site) {
        GatePolicy policy = gate();
        return policy == null
                ? List.of()
                : Stream.concat(router().statistics(site).stream(), policy.statistics(experts(site)).stream())
                        .toList();
    }

    /** s, the factor on the update: alpha / r, or alpha / sqrt(r) for rank-stabilised LoRA (Kalajdzievski 2023, arXiv 2312.03732). */
    double scale();

    /** E on one linear; that of the whole adapter unless linears differ. */
    default int experts(LinearSite site) {
        return experts();
    }

    /** r of one expert on one linear; that of the whole adapter unless linears differ. */
    default int rank(LinearSite site) {
        return rank();
    }

    /** alpha on one linear; that of the whole adapter unless linears differ. */
    default double alpha(LinearSite site) {
        return alpha();
    }

    /** s on one linear; that of the whole adapter unless linears differ. */
    default double scale(LinearSite site) {
        return scale();
    }

    /**
     * Trainable parameters on one linear: {@code E r (in + out)}, or {@code r (in + E out)} with a shared A, and those of the gate, and {@code out} magnitudes
     * with DoRA; {@code r (in + out) + E r^2} with experts in core space. Counted with a gate of its own, whether linears share one or not.
     */
    default long parameterCount(LinearSite site) {
        long experts = experts(site);
        long rank = rank(site);
        long lowRank = rank * (rowsOfA(site) / rank * site.in() + columnsOfB(site) / rank * site.out())
                + (space() == ExpertSpace.CORE ? experts * rank * rank : 0)
                + (dora() ? site.out() : 0);
        return lowRank + gateParameterCount(site);
    }

    /** Trainable parameters on all targeted linears; a gate that linears share counts once. */
    default long parameterCount(List<LinearSite> sites) {
        AdapterConfig config = on(sites);
        List<LinearSite> adapted = sites.stream().filter(config.targets()::has).toList();
        Routers routers = new Routers(config, adapted);
        return adapted.stream()
                .mapToLong(site -> config.parameterCount(site)
                        - (routers.of(site).equals(site) ? 0 : config.gateParameterCount(site)))
                .sum();
    }

    private long gateParameterCount(LinearSite site) {
        GatePolicy policy = gate();
        return policy == null ? 0 : policy.parameterCount(routerWidth(site), experts(site));
    }

    /** Whether the rows of {@code W0 + s B A} have trained magnitudes (DoRA). */
    default boolean dora() {
        return false;
    }

    /** Where the experts of a linear differ; says nothing without a mixture. */
    default ExpertSpace space() {
        return ExpertSpace.SEPARATE;
    }

    /** Rows of all A of a linear: E r, or r where experts share it. */
    default long rowsOfA(LinearSite site) {
        return (space() == ExpertSpace.SEPARATE ? (long) experts(site) : 1) * rank(site);
    }

    /** Columns of all B of a linear: E r, or r where experts share it. */
    default long columnsOfB(LinearSite site) {
        return (space() == ExpertSpace.CORE ? 1 : (long) experts(site)) * rank(site);
    }

    /** How many numbers a router reads on a linear: in, or r where it reads {@code A x}. */
    default int routerWidth(LinearSite site) {
        return space() == ExpertSpace.CORE && router() instanceof Router.Token ? rank(site) : site.in();
    }

    /** The smallest E of any linear. */
    default int fewestExperts() {
        return experts();
    }

    /** This for a model with so many layers: what is said per group of layers is then said per layer. */
    default AdapterConfig forLayers(int layers) {
        return this;
    }

    /** This on other linears. */
    AdapterConfig with(Targets other);

    /** {@link #forLayers} for the model with these linears, and targets by their names. */
    default AdapterConfig on(List<LinearSite> sites) {
        return with(targets().on(sites))
                .forLayers(sites.stream().mapToInt(LinearSite::layer).max().orElse(-1) + 1);
    }

    /** The default losses beside the language model's: balance and contrast for a top-k gate whose router reads tokens, none otherwise. */
    default LossSettings losses() {
        GatePolicy policy = gate();
        LossSettings usual = policy == null || policy.topK() == 0 || !(router() instanceof Router.Token)
                ? LossSettings.NONE
                : LossSettings.DEFAULT;
        return policy == null || !policy.biased() ? usual : usual.withBalance(0, LossSettings.Balance.BIAS);
    }

    /**
     * The linears that are adapted.
     *
     * @throws InputException if there is none, or targets name one that the model does not have
     */
    default List<LinearSite> targeted(List<LinearSite> sites) {
        List<String> strangers = targets().strangers(sites);
        List<LinearSite> chosen = sites.stream().filter(targets()::has).toList();
        if (!strangers.isEmpty() || chosen.isEmpty()) {
            throw new InputException("targets: the model has no linear "
                    + (strangers.isEmpty() ? targets() : String.join(", ", strangers)) + "; expected some of "
                    + sites.stream().map(LinearSite::projection).distinct().toList());
        }
        return chosen;
    }

    /** What both methods ask of their numbers. */
    static void check(int rank, double alpha, double dropout) {
        AdapterSettings.RANK.check(rank);
        AdapterSettings.ALPHA.check(alpha);
        AdapterSettings.DROPOUT.check(dropout);
    }
}
