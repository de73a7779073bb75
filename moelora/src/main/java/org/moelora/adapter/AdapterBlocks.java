package org.moelora.adapter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Pieces;
import org.moelora.kernels.Device;
import org.moelora.kernels.Owner;

/**
 * The memory of an adapter. A parameter is called by its linear's name and what it is: {@code .lora_A}, {@code .lora_B}, {@link ExpertSpace#CORES}, those of
 * the {@link GatePolicy}, {@link Dora#MAGNITUDE}; among the constants the statistics of routers, and {@link Dora#SQUARES}.
 *
 * @param trained what is trained, or can be
 * @param constants what is not
 */
record AdapterBlocks(ParameterBlock trained, ParameterBlock constants) {
    private static final String A = ".lora_A";
    private static final String B = ".lora_B";

    /** Of one parameter, whose values have to fit in an array. */
    private static final int MAX_ELEMENTS = Integer.MAX_VALUE - 8;

    /**
     * All zero, but for what is measured of the base.
     *
     * @param sites the adapted linears
     */
    static AdapterBlocks zero(Adaptable base, AdapterConfig config, Routers routers, List<LinearSite> sites) {
        for (LinearSite site : sites) {
            long width = width(config, site);
            if (width * Math.max(site.in(), site.out()) > MAX_ELEMENTS) {
                throw new InputException("experts times rank is " + width + "; expected at most "
                        + MAX_ELEMENTS / Math.max(site.in(), site.out()) + " on " + site.name());
            }
        }
        ParameterBlock.Builder builder = ParameterBlock.builder(base.device(), Owner.ADAPTER);
        for (LinearSite site : sites) {
            builder.add(site.name() + A, Math.toIntExact(config.rowsOfA(site)), site.in());
            builder.add(site.name() + B, site.out(), Math.toIntExact(config.columnsOfB(site)));
            if (config.space() == ExpertSpace.CORE) {
                builder.add(site.name() + ExpertSpace.CORES, Math.toIntExact(width(config, site)), config.rank(site));
            }
            for (GateParameter gate : routers.parameters(site)) {
                builder.add(site.name() + "." + gate.name(), gate.dims());
            }
            if (config.dora()) {
                builder.add(site.name() + Dora.MAGNITUDE, site.out());
            }
        }
        ParameterBlock constants = constants(base, config, routers, sites);
        try {
            return new AdapterBlocks(builder.build(), constants);
        } catch (RuntimeException | Error e) {
            constants.close();
            throw e;
        }
    }

    private static ParameterBlock constants(
            Adaptable base, AdapterConfig config, Routers routers, List<LinearSite> sites) {
        ParameterBlock.Builder builder = ParameterBlock.builder(base.device(), Owner.ADAPTER);
        for (LinearSite site : sites) {
            routers.statistics(site).forEach(each -> builder.add(site.name() + "." + each.name(), each.dims()));
            if (config.dora()) {
                builder.add(site.name() + Dora.SQUARES, site.out());
            }
        }
        Map<String, float[]> squares = new LinkedHashMap<>();
        if (config.dora()) {
            sites.forEach(site -> squares.put(site.name() + Dora.SQUARES, Dora.squares(base, site)));
        }
        ParameterBlock block = builder.build();
        try {
            squares.forEach((name, values) -> block.get(name).set(values));
        } catch (RuntimeException | Error e) {
            block.close();
            throw e;
        }
        return block;
    }

    /** E r. */
    private static long width(AdapterConfig config, LinearSite site) {
        return (long) config.experts(site) * config.rank(site);
    }

    /** The layer of each linear, by its name, on this memory. */
    Map<String, AdapterLayer> layers(AdapterConfig config, Routers routers, List<LinearSite> sites) {
        Map<String, AdapterLayer> layers = new LinkedHashMap<>();
        for (LinearSite site : sites) {
            String module = site.name();
            LinearSite router = routers.of(site);
            layers.put(
                    module,
                    new AdapterLayer(
                            site,
                            router,
                            config,
                            trained.get(module + A),
                            trained.get(module + B),
                            config.space() == ExpertSpace.CORE ? trained.get(module + ExpertSpace.CORES) : null,
                            gateParameters(config, routers, router),
                            byName(constants, router.name(), routers.statistics(router)),
                            config.dora() ? Dora.of(trained, constants, module) : Composition.SUM));
        }
        return layers;
    }

    /** What a gate reads: what it trains, and its statistics. */
    private Map<String, Parameter> gateParameters(AdapterConfig config, Routers routers, LinearSite router) {
        Map<String, Parameter> all = byName(trained, router.name(), routers.parameters(router));
        GatePolicy policy = config.gate();
        if (policy != null) {
            all.putAll(byName(constants, router.name(), policy.statistics(config.experts(router))));
        }
        return all;
    }

    private static Map<String, Parameter> byName(ParameterBlock block, String module, List<GateParameter> names) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        names.forEach(each -> parameters.put(each.name(), block.get(module + "." + each.name())));
        return parameters;
    }

    /** Whether a trained parameter is of a gate. */
    static boolean isRouter(Parameter parameter) {
        String name = parameter.name();
        return !name.endsWith(A)
                && !name.endsWith(B)
                && !name.endsWith(ExpertSpace.CORES)
                && !name.endsWith(Dora.MAGNITUDE);
    }

    /** Whether it is a B, of one expert or stacked. */
    static boolean isB(Parameter parameter) {
        return parameter.name().endsWith(B);
    }

    /** A parameter, trained or not. */
    Parameter get(String name) {
        return constants.has(name) ? constants.get(name) : trained.get(name);
    }

    /** The same values on a {@link Device#rehearsal}. */
    AdapterBlocks on(Device rehearsal) {
        return new AdapterBlocks(trained.on(rehearsal), constants.on(rehearsal));
    }

    /** Takes over all values of another adapter of the same configuration. */
    void set(AdapterBlocks other) {
        trained.parameters().forEach(each -> copy(other.trained.get(each.name()), each));
        constants.parameters().forEach(each -> copy(other.constants.get(each.name()), each));
    }

    private static void copy(Parameter from, Parameter to) {
        Pieces.each(to.shape().size(), (at, values) -> {
            from.read(at, values);
            to.write(at, values);
        });
    }

    void close() {
        trained.close();
        constants.close();
    }
}
