package org.moelora.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.ExpertSpace;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.Targets;
import org.moelora.engine.InputException;

/**
 * One of the adapters that are compared.
 *
 * @param name of its own among the arms
 * @param method as {@code --method} names it
 * @param config what it is made of
 */
public record Arm(String name, String method, AdapterConfig config) {
    /** The name of the arm that all others are held against. */
    public static final String LORA = "lora";

    /** How far the parameters of an arm may be from LoRA's. */
    private static final double EQUAL = 0.15;

    /** Experts of the arm in core space, which costs little more with more of them. */
    private static final int CORES = 8;

    /** Trainable parameters on these linears, gates included. */
    public long parameters(List<LinearSite> linears) {
        return config.parameterCount(linears);
    }

    /** Those that one token uses: of top-k gates, k experts and the router. */
    public long activeParameters(List<LinearSite> linears) {
        GatePolicy gate = config.gate();
        if (gate == null || gate.topK() == 0) {
            return parameters(linears);
        }
        long active = parameters(linears);
        for (LinearSite site : linears) {
            if (config.targets().has(site)) {
                active -= (config.experts(site) - gate.topK()) * ofOneExpert(config, site);
            }
        }
        return active;
    }

    private static long ofOneExpert(AdapterConfig config, LinearSite site) {
        long rank = config.rank(site);
        return switch (config.space()) {
            case SEPARATE -> rank * (site.in() + site.out());
            case SHARED_A -> rank * site.out();
            case CORE -> rank * rank;
        };
    }

    /**
     * LoRA of a rank, LoRA with one rank per task, and mixtures of as many parameters whose router looks at prompts. A number of experts for which no rank comes within 15 %
     * of LoRA's parameters is left out. Where 8 is among them, there is also an arm of 8 experts in core space.
     *
     * @param rank of LoRA
     * @param experts numbers of experts to try
     * @param tasks how many tasks rows name; 0 for none
     * @throws InputException if a value is out of range
     */
    public static List<Arm> ofEqualSize(
            List<LinearSite> linears, Targets targets, int rank, List<Integer> experts, int tasks) {
        List<Arm> arms = new ArrayList<>();
        Arm lora = new Arm(LORA, "lora", lora(targets, rank));
        arms.add(lora);
        if (tasks > 1 && tasks != rank) {
            arms.add(new Arm("lora-rank-per-task", "lora", lora(targets, tasks)));
        }
        long size = lora.parameters(linears);
        for (int e : experts) {
            MoeLoraConfig mixture = nearest(linears, size, r -> mixture(targets, e, r));
            if (Math.abs(mixture.parameterCount(linears) - size) <= EQUAL * size) {
                arms.add(new Arm("prompt-moelora-" + e, "prompt-moelora", mixture));
            }
        }
        if (experts.contains(CORES)) {
            MoeLoraConfig cores = nearest(linears, size, r -> inCoreSpace(targets, r));
            if (Math.abs(cores.parameterCount(linears) - size) <= EQUAL * size) {
                arms.add(new Arm("comol-" + CORES, "comol", cores));
            }
        }
        return arms;
    }

    /** With the scale 2 at any rank, so that one learning rate means about the same everywhere. */
    static LoraConfig lora(Targets targets, int rank) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(2.0 * rank)
                .targets(targets)
                .build();
    }

    private static MoeLoraConfig nearest(List<LinearSite> linears, long size, IntFunction<MoeLoraConfig> ofRank) {
        MoeLoraConfig best = ofRank.apply(1);
        for (int rank = 2; best.parameterCount(linears) < size && rank <= 4096; rank++) {
            MoeLoraConfig next = ofRank.apply(rank);
            if (Math.abs(next.parameterCount(linears) - size) < Math.abs(best.parameterCount(linears) - size)) {
                best = next;
            } else {
                break;
            }
        }
        return best;
    }

    private static MoeLoraConfig mixture(Targets targets, int experts, int rank) {
        return MoeLoraConfig.builder()
                .experts(experts)
                .rank(rank)
                .alpha(2.0 * rank)
                .router(new Router.Prompt())
                .targets(targets)
                .build();
    }

    private static MoeLoraConfig inCoreSpace(Targets targets, int rank) {
        return MoeLoraConfig.builder()
                .experts(CORES)
                .rank(rank)
                .alpha(2.0 * rank)
                .gate(new GatePolicy.Dense())
                .space(ExpertSpace.CORE)
                .targets(targets)
                .build();
    }

    /** A mixture of as many experts and the same ranks whose gates are told the row's task. */
    static MoeLoraConfig byTask(MoeLoraConfig like, List<String> tasks) {
        return MoeLoraConfig.builder()
                .experts(like.experts())
                .rank(like.rank())
                .alpha(like.alpha())
                .gate(new GatePolicy.TaskGate(tasks, GatePolicy.TaskGate.DIMENSION))
                .targets(like.targets())
                .build();
    }
}
