package org.moelora.eval;

import org.moelora.adapter.Adapter;
import org.moelora.adapter.ExpertSpace;
import org.moelora.engine.Parameter;

/** The experts of one linear in another order: the same function, with other names for its parts. */
final class Permutation {
    private Permutation() {}

    /**
     * @param rank r
     * @param from which old expert each new one is, [E] or more, the rest staying in place
     */
    static void of(Adapter adapter, String module, int rank, int[] from) {
        for (Parameter parameter : adapter.parameters().parameters()) {
            if (!parameter.name().startsWith(module + ".")) {
                continue;
            }
            String name = parameter.name().substring(module.length() + 1);
            ExpertSpace space = adapter.config().space();
            switch (name) {
                case "lora_A" -> {
                    if (space == ExpertSpace.SEPARATE) {
                        rows(parameter, rank, from);
                    }
                }
                case "lora_B" -> {
                    if (space != ExpertSpace.CORE) {
                        columns(parameter, rank, from);
                    }
                }
                case "lora_core" -> rows(parameter, rank, from);
                case "moe_gate", "task_gate" -> rows(parameter, 1, from);
                default -> {} // of the linear, not of an expert
            }
        }
    }

    private static void rows(Parameter parameter, int block, int[] from) {
        float[] old = parameter.toArray();
        float[] values = old.clone();
        int size = block * parameter.shape().dim(1);
        for (int e = 0; e < old.length / size; e++) {
            System.arraycopy(old, from[e] * size, values, e * size, size);
        }
        parameter.set(values);
    }

    private static void columns(Parameter parameter, int block, int[] from) {
        float[] old = parameter.toArray();
        float[] values = old.clone();
        int width = parameter.shape().dim(1);
        for (int i = 0; i < old.length; i++) {
            int column = i % width;
            values[i] = old[i - column + from[column / block] * block + column % block];
        }
        parameter.set(values);
    }
}
