package org.moelora.adapter;

import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;

/** Makes mixtures of experts: new ones, and others from what has been trained. */
public final class MoeLora {
    private MoeLora() {}

    /** A new adapter with seed 0. See {@link Adapter#create}. */
    public static Adapter create(Adaptable base, MoeLoraConfig config) {
        return Adapter.create(base, config, 0);
    }

    /**
     * LoRA adapters as the experts of one mixture, whose router looks at prompts and is new: until it is trained, every expert has an equal share. Train it with
     * {@code RouterTraining.alone}; experts then stay as they are. The parts are only read. Ranks, scales and targets may differ: the mixture has the largest rank, and
     * experts with less are filled up with zeros, which changes nothing that they compute.
     *
     * @param origins what each expert is to be known as, one for each of the parts
     * @param gate how experts share, {@link GatePolicy.Dense} unless there is a reason
     * @param seed of the router's first values
     * @throws InputException if there are fewer than two parts, one is no LoRA, or was made for another base; the message names it
     */
    public static Adapter mix(Adaptable base, List<Adapter> parts, List<String> origins, GatePolicy gate, long seed) {
        if (parts.size() != origins.size()) {
            throw new IllegalArgumentException(parts.size() + " adapters and " + origins.size() + " origins");
        }
        return Mix.of(base, parts, origins, gate, seed);
    }

    /**
     * A copy of a mixture without expert e of every linear. What e had is shared among the others, as their gates say; with k of top-k above
     * what is left, k falls. Where experts came from adapters of their own ({@link #mix}), e means the same on every linear; where they were trained together it does not.
     *
     * @param expert e, from 0
     * @throws InputException if there is no such expert, or fewer than three are there
     */
    public static Adapter drop(Adaptable base, Adapter mixture, int expert) {
        return Drop.of(base, mixture, expert);
    }

    /**
     * A new adapter beside an older one, for a new job without forgetting: each prompt is answered by the one that it is nearer to, and what the older one
     * answers is what it was. The newer may have learned already, or learn afterwards; only it learns, from rows that are all its own. It has to know its prompts
     * when it answers: an adapter with the router {@link Router.Prompt} does from its first training step on.
     *
     * @param older one that knows its prompts; may have grown itself; closed with the result
     * @param newer which is also the result
     * @throws InputException if they are of different bases, or cannot choose between each other
     */
    public static Adapter grow(Adapter older, Adapter newer) {
        return Grow.on(older, newer);
    }

    /**
     * What a mixture is for texts whose gates are known and the same for every token: one LoRA, which can be saved for PEFT or merged into the base. The gates
     * are those of a task ({@link Adapter#fixedGates}) or of a prompt ({@code LanguageModel.gates}).
     *
     * @param gates g [E] of every adapted linear, by its name
     * @throws InputException if the adapter is no mixture
     */
    public static Adapter fixed(Adaptable base, Adapter mixture, Map<String, double[]> gates) {
        return Fixed.of(base, mixture, gates);
    }
}
