package org.moelora.adapter;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;

/** A mixture without one of its experts: on every linear expert e and its row of the gate are gone, everything else is what it was. */
final class Drop {
    private Drop() {}

    static Adapter of(Adaptable base, Adapter from, int expert) {
        if (!(from.config() instanceof MoeLoraConfig config)) {
            throw new InputException("the adapter has no experts; expected a mixture to drop one from");
        }
        int fewest = config.fewestExperts();
        if (expert < 0 || expert >= fewest) {
            throw new InputException("expert is " + expert + "; expected 0 to " + (fewest - 1)
                    + (fewest < config.experts() ? ", which every layer has" : ""));
        }
        if (fewest == 2) {
            throw new InputException("the mixture has two experts" + (config.experts() > 2 ? " on some layers" : "")
                    + ", and one alone would leave nothing to choose; expected three or more");
        }
        from.base().difference(base.fingerprint()).ifPresent(difference -> {
            throw new InputException("the adapter was made for another base: expected " + difference);
        });
        Adapter rest = Adapter.zero(base, without(config));
        try {
            fill(rest, from, config, expert);
            return rest;
        } catch (RuntimeException | Error e) {
            rest.close();
            throw e;
        }
    }

    private static void fill(Adapter rest, Adapter from, MoeLoraConfig config, int expert) {
        for (Parameter parameter : from.parameters().parameters()) {
            AdapterLayer layer = layer(from, parameter);
            rest.parameters().get(parameter.name()).set(without(parameter, layer, config, expert));
        }
        for (AdapterLayer layer : from.layers().values()) {
            for (var statistic : layer.routerStatistics().entrySet()) {
                float[] values = statistic.getValue().toArray();
                rest.tensor(layer.router().name() + "." + statistic.getKey())
                        .set(
                                statistic.getKey().equals(GatePolicy.BIAS)
                                        ? columns(values, values.length, expert, 1)
                                        : values);
            }
        }
        if (!from.origins().isEmpty()) {
            List<String> origins = new ArrayList<>(from.origins());
            origins.remove(expert);
            rest.comesFrom(origins);
        }
    }

    private static MoeLoraConfig without(MoeLoraConfig config) {
        List<Integer> experts =
                config.expertsPerLayer().stream().map(e -> e - 1).toList();
        int k = Math.min(config.topK(), Collections.min(experts));
        GatePolicy gate = switch (config.gate()) {
            case GatePolicy.Renormalised top -> new GatePolicy.Renormalised(k, top.biased());
            case GatePolicy.Raw top -> new GatePolicy.Raw(k, top.biased());
            case GatePolicy.Dense dense -> dense;
            case GatePolicy.Threshold threshold -> threshold;
            case GatePolicy.TaskGate taskGate -> taskGate;
        };
        return new MoeLoraConfig(
                experts,
                gate,
                config.router(),
                config.space(),
                config.rank(),
                config.alpha(),
                config.rankStabilised(),
                config.dropout(),
                config.targets());
    }

    private static AdapterLayer layer(Adapter from, Parameter parameter) {
        return from.layers().values().stream()
                .filter(each -> parameter.name().startsWith(each.module() + "."))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(parameter.name() + " belongs to no linear"));
    }

    /** The values of a parameter without what is the expert's: rows of A, of cores and of gates, columns of B. */
    private static float[] without(Parameter parameter, AdapterLayer layer, MoeLoraConfig config, int expert) {
        float[] all = parameter.toArray();
        int rank = config.rank();
        int experts = config.experts(layer.site());
        if (parameter == layer.cores()) {
            return columns(all, all.length, expert * rank * rank, rank * rank);
        }
        if (parameter == layer.b()) {
            return config.space() == ExpertSpace.CORE ? all : columns(all, experts * rank, expert * rank, rank);
        }
        if (parameter == layer.a()) {
            return config.space() != ExpertSpace.SEPARATE
                    ? all
                    : columns(
                            all,
                            all.length,
                            expert * rank * layer.site().in(),
                            rank * layer.site().in());
        }
        boolean perExpert = parameter.shape().rank() == 2 && isGate(parameter);
        int width = all.length / experts;
        return perExpert ? columns(all, all.length, expert * width, width) : all;
    }

    private static boolean isGate(Parameter parameter) {
        return parameter.name().endsWith("." + GatePolicy.ROUTER)
                || parameter.name().endsWith("." + GatePolicy.TaskGate.GATE);
    }

    /** Rows of {@code width} without {@code count} columns from {@code from} on. */
    private static float[] columns(float[] all, int width, int from, int count) {
        float[] rest = new float[all.length / width * (width - count)];
        for (int row = 0; row < all.length / width; row++) {
            int to = row * (width - count);
            System.arraycopy(all, row * width, rest, to, from);
            System.arraycopy(all, row * width + from + count, rest, to + from, width - from - count);
        }
        return rest;
    }
}
