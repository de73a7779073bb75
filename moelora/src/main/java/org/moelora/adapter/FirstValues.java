package org.moelora.adapter;

import java.util.function.DoubleSupplier;
import org.moelora.engine.Parameter;
import org.moelora.engine.Pieces;
import org.moelora.engine.random.RandomStream;
import org.moelora.kernels.Device;

/**
 * The values that a layer begins with: A uniform within {@code 1 / sqrt(in)} (Kaiming with a = sqrt 5), B zero, cores the identity plus noise, gates normal, and
 * magnitudes those of W0. So the adapted linear equals W0 bit for bit.
 *
 * @param seed of the streams {@code LINEAR/A}, {@code LINEAR/cores}, {@code LINEAR/router} and those of other gates
 * @param init of the gates
 */
record FirstValues(Device device, long seed, GateInit init) {
    /**
     * @param layer whose B is zero already
     * @param gates what its gate trains
     */
    void set(AdapterLayer layer, Iterable<GateParameter> gates) {
        RandomStream random = stream(layer, "A");
        double bound = 1 / Math.sqrt(layer.a().shape().dim(1));
        fill(layer.a(), () -> (2 * random.uniform() - 1) * bound);
        Parameter cores = layer.cores();
        if (cores != null) {
            fillCores(cores, stream(layer, "cores"));
        }
        for (GateParameter gate : gates) {
            RandomStream normal = stream(layer, gate.name().equals(GatePolicy.ROUTER) ? "router" : gate.name());
            double std = init.std(gate);
            if (std > 0) {
                fill(layer.gateParameter(gate.name()), () -> std * normal.normal());
            }
        }
        if (layer.composition() instanceof Dora dora) {
            dora.setFirstMagnitudes(device);
        }
    }

    private RandomStream stream(AdapterLayer layer, String name) {
        return RandomStream.of(seed, 0, layer.module() + "/" + name);
    }

    private static void fill(Parameter parameter, DoubleSupplier value) {
        Pieces.each(parameter.shape().size(), (from, values) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) value.getAsDouble();
            }
            parameter.write(from, values);
        });
    }

    private static void fillCores(Parameter cores, RandomStream noise) {
        int rank = cores.shape().dim(1);
        float[] values = new float[Math.toIntExact(cores.shape().size())];
        for (int i = 0; i < values.length; i++) {
            int row = i / rank % rank;
            values[i] = (float) ((row == i % rank ? 1 : 0) + ExpertSpace.NOISE * noise.normal());
        }
        cores.set(values);
    }
}
