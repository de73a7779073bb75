package org.moelora.adapter;

import java.util.Map;
import java.util.Objects;
import org.moelora.engine.InputException;

/**
 * A mixture with gates that no longer depend on anything: {@code s sum_e g_e B_e A_e} is one update, the LoRA with {@code A = [A_1; ...; A_E]} and
 * {@code B = [g_1 B_1 ... g_E B_E]}.
 */
final class Fixed {
    private Fixed() {}

    /**
     * @param gates g [E] by the linear's name
     * @return a LoRA of rank E r, of the largest E where linears differ; of rank r where experts are in core space
     */
    static Adapter of(Adaptable base, Adapter mixture, Map<String, double[]> gates) {
        if (!(mixture.config() instanceof MoeLoraConfig config)) {
            throw new InputException("the adapter has no experts, so there are no gates to fix; expected a mixture");
        }
        if (config.space() == ExpertSpace.CORE) {
            return inCoreSpace(base, mixture, config, gates);
        }
        int rank = config.experts() * config.rank();
        LoraConfig lora = LoraConfig.builder()
                .rank(rank)
                .alpha(config.scale() * rank)
                .targets(config.targets())
                .build();
        Adapter fixed = Adapter.zero(base, lora);
        try {
            for (AdapterLayer layer : mixture.layers().values()) {
                double[] gate = Objects.requireNonNull(gates.get(layer.module()), layer.module());
                fill(fixed, layer, config, gate);
            }
            return fixed;
        } catch (RuntimeException | Error e) {
            fixed.close();
            throw e;
        }
    }

    private static void fill(Adapter fixed, AdapterLayer layer, MoeLoraConfig config, double[] gate) {
        int rank = fixed.config().rank();
        float[] a = layer.a().toArray();
        float[] b = layer.b().toArray();
        int in = layer.site().in();
        int out = layer.site().out();
        int width = gate.length * config.rank();
        float[] wideA = new float[rank * in];
        float[] wideB = new float[out * rank];
        // A scale that alpha / rank does not give to the last bit goes into B.
        double factor = config.scale() / fixed.config().scale();
        for (int i = 0; i < width; i++) {
            int row = config.space() == ExpertSpace.SHARED_A ? i % config.rank() : i;
            System.arraycopy(a, row * in, wideA, i * in, in);
            for (int o = 0; o < out; o++) {
                wideB[o * rank + i] = (float) (factor * gate[i / config.rank()] * b[o * width + i]);
            }
        }
        fixed.parameters().get(layer.module() + ".lora_A").set(wideA);
        fixed.parameters().get(layer.module() + ".lora_B").set(wideB);
    }

    /** {@code B (sum_e g_e C_e)} beside the same A. */
    private static Adapter inCoreSpace(
            Adaptable base, Adapter mixture, MoeLoraConfig config, Map<String, double[]> gates) {
        int rank = config.rank();
        LoraConfig lora = LoraConfig.builder()
                .rank(rank)
                .alpha(config.alpha())
                .rankStabilised(config.rankStabilised())
                .targets(config.targets())
                .build();
        Adapter fixed = Adapter.zero(base, lora);
        for (AdapterLayer layer : mixture.layers().values()) {
            double[] gate = Objects.requireNonNull(gates.get(layer.module()), layer.module());
            float[] cores = Objects.requireNonNull(layer.cores()).toArray();
            double[] core = new double[rank * rank];
            for (int i = 0; i < gate.length * core.length; i++) {
                core[i % core.length] += gate[i / core.length] * cores[i];
            }
            float[] b = layer.b().toArray();
            float[] product = new float[b.length];
            for (int i = 0; i < b.length; i++) {
                double sum = 0;
                for (int k = 0; k < rank; k++) {
                    sum += b[i / rank * rank + k] * core[k * rank + i % rank];
                }
                product[i] = (float) sum;
            }
            fixed.parameters().get(layer.module() + ".lora_A").set(layer.a().toArray());
            fixed.parameters().get(layer.module() + ".lora_B").set(product);
        }
        return fixed;
    }
}
