package org.moelora.adapter;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Linear;

/**
 * Adapters that learned one after another, of which each answers the prompts that are nearer to its own than to another's.
 *
 * @param adapters newest first: the index is the generation, see {@link Generations}
 */
record AdapterChain(List<Adapter> adapters) {
    /** One and those before it. */
    static AdapterChain of(Adapter newest) {
        List<Adapter> chain = new ArrayList<>();
        for (Adapter each = newest; each != null; each = each.older()) {
            chain.add(each);
        }
        return new AdapterChain(chain);
    }

    /**
     * The generation that answers each row: that with the nearest known prompt, the older one where two are as near, and the oldest for a row without a prompt.
     *
     * @param sums the sum of the tokens' embeddings over each row's prompt, [R, hidden]
     */
    float[] nearest(float[] sums, int hidden) {
        List<float @Nullable []> prompts = KnownPrompts.embeddings(sums, hidden);
        float[] generations = new float[prompts.size()];
        for (int row = 0; row < generations.length; row++) {
            generations[row] = nearest(prompts.get(row));
        }
        return generations;
    }

    private int nearest(float @Nullable [] prompt) {
        int best = adapters.size() - 1;
        if (prompt == null) {
            return best;
        }
        double least = Double.POSITIVE_INFINITY;
        for (int generation = adapters.size() - 1; generation >= 0; generation--) {
            KnownPrompts known = adapters.get(generation).prompts();
            double distance = known == null ? Double.POSITIVE_INFINITY : known.distance(prompt);
            if (distance < least) {
                least = distance;
                best = generation;
            }
        }
        return best;
    }

    /** A linear whose rows have the updates of those that answer them. */
    Tensor apply(Tape tape, AdapterPass pass, String module, Tensor x, Weight weight, @Nullable Tensor bias) {
        int[] generations = pass.generations();
        if (generations.length == 1) {
            AdapterLayer layer = layer(generations[0], module);
            return layer == null
                    ? Linear.apply(tape, x, weight, bias)
                    : layer.apply(tape, pass.of(generations[0]), x, weight, bias);
        }
        Tensor y = Linear.apply(tape, x, weight, bias);
        for (int generation : generations) {
            AdapterLayer layer = layer(generation, module);
            if (layer != null) {
                y = layer.update(tape, pass.of(generation), x, y, true);
            }
        }
        return y;
    }

    private @Nullable AdapterLayer layer(int generation, String module) {
        return adapters.get(generation).layers().get(module);
    }
}
