package org.moelora.adapter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Which of an adapter's linears have a router, and which router decides for which linear: its own, or that of the first adapted linear that reads the same
 * input ({@link Router.Share}). Parameters and statistics of a router bear the name of the linear that has it.
 */
final class Routers {
    private final AdapterConfig config;
    private final Map<String, LinearSite> ofLinear = new LinkedHashMap<>();

    /**
     * @param adapted the adapted linears, in the order of the forward pass
     */
    Routers(AdapterConfig config, List<LinearSite> adapted) {
        this.config = config;
        Map<String, LinearSite> first = new LinkedHashMap<>();
        for (LinearSite site : adapted) {
            ofLinear.put(
                    site.name(),
                    switch (config.router().share()) {
                        case LINEAR -> site;
                        case INPUT -> first.computeIfAbsent(site.reads(), reads -> site);
                    });
        }
    }

    /** The linear whose router decides for this one. */
    LinearSite of(LinearSite site) {
        return Objects.requireNonNull(ofLinear.get(site.name()), site.name());
    }

    /** What the gate trains on a linear: nothing without a mixture, or where another linear's router decides. */
    List<GateParameter> parameters(LinearSite site) {
        GatePolicy policy = config.gate();
        return policy == null || !of(site).equals(site)
                ? List.of()
                : policy.parameters(config.routerWidth(site), config.experts(site));
    }

    /** What router and gate keep on a linear beside what is trained: nothing where another linear's router decides. */
    List<GateParameter> statistics(LinearSite site) {
        return of(site).equals(site) ? config.statistics(site) : List.of();
    }
}
