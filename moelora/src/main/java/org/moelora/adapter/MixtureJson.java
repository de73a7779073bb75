package org.moelora.adapter;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.settings.Setting;

/** What {@code adapter_config.json} says about a mixture of experts, beside what it says about LoRA. */
final class MixtureJson {
    private MixtureJson() {}

    static void write(Map<String, Object> json, MoeLoraConfig mixture, @Nullable LossSettings losses) {
        json.put("num_experts", mixture.experts());
        if (mixture.expertsPerLayer().size() > 1) {
            json.put("experts_per_layer", mixture.expertsPerLayer());
        }
        if (mixture.topK() > 0) {
            json.put("top_k", mixture.topK());
        }
        json.put("routing_strategy", mixture.gate().id());
        if (mixture.gate().biased()) {
            json.put("selection_bias", true);
        }
        switch (mixture.gate()) {
            case GatePolicy.Threshold threshold -> json.put("max_threshold", threshold.max());
            case GatePolicy.TaskGate taskGate -> {
                json.put("tasks", taskGate.tasks());
                json.put("task_dimension", taskGate.dimension());
            }
            case GatePolicy.Renormalised gate -> {}
            case GatePolicy.Raw gate -> {}
            case GatePolicy.Dense gate -> {}
        }
        if (mixture.router() instanceof Router.Prompt prompt) {
            json.put("router", prompt.id());
            json.put("router_rms", prompt.rms());
            if (prompt.share() != Router.Share.LINEAR) {
                json.put("router_share", prompt.share().id());
            }
        }
        switch (mixture.space()) {
            case SEPARATE -> {}
            case SHARED_A -> json.put("shared_a", true);
            case CORE -> json.put("core_space", true);
        }
        if (losses != null) {
            for (Setting<LossSettings, ?> setting : LossSettings.SETTINGS.listed(losses, LossSettings.DEFAULT)) {
                json.put(setting.field(), Objects.requireNonNull(setting.written(losses)));
            }
        }
    }

    static MoeLoraConfig read(
            JsonObject json, int rank, double alpha, boolean stabilised, double dropout, Targets targets) {
        int experts = json.positiveInteger("num_experts");
        JsonArray perLayer = json.arrayOrNull("experts_per_layer");
        List<Integer> spread = perLayer == null
                ? List.of(experts)
                : Arrays.stream(perLayer.integers()).boxed().toList();
        if (perLayer != null && spread.stream().noneMatch(e -> e == experts)) {
            throw json.error("experts_per_layer", "numbers of which the largest is num_experts, " + experts);
        }
        boolean biased = json.flag("selection_bias", false);
        GatePolicy gate = switch (json.string("routing_strategy", "top-k")) {
            case "top-k" -> new GatePolicy.Renormalised(json.positiveInteger("top_k"), biased);
            case "top-k-raw" -> new GatePolicy.Raw(json.positiveInteger("top_k"), biased);
            case "dense" -> new GatePolicy.Dense();
            case "threshold" -> new GatePolicy.Threshold(json.number("max_threshold", 0));
            case "task" ->
                new GatePolicy.TaskGate(
                        json.array("tasks").strings(),
                        json.positiveInteger("task_dimension", GatePolicy.TaskGate.DIMENSION));
            default -> throw json.error("routing_strategy", "top-k, top-k-raw, dense, threshold or task");
        };
        if (biased && gate.topK() == 0) {
            throw json.error(
                    "selection_bias", "false with the strategy " + gate.id() + ", which does not choose k experts");
        }
        Router router = router(json);
        boolean core = json.flag("core_space", false);
        boolean sharedA = json.flag("shared_a", false);
        if (core && sharedA) {
            throw json.error("core_space", "one of core_space and shared_a");
        }
        ExpertSpace space = core ? ExpertSpace.CORE : sharedA ? ExpertSpace.SHARED_A : ExpertSpace.SEPARATE;
        return new MoeLoraConfig(spread, gate, router, space, rank, alpha, stabilised, dropout, targets);
    }

    private static Router router(JsonObject json) {
        Router.Share share = switch (json.string("router_share", Router.Share.LINEAR.id())) {
            case "linear" -> Router.Share.LINEAR;
            case "input" -> Router.Share.INPUT;
            default -> throw json.error("router_share", "linear or input");
        };
        return switch (json.string("router", "token")) {
            case "token" -> {
                if (share != Router.Share.LINEAR) {
                    throw json.error("router_share", "linear with the router token, which is each linear's own");
                }
                yield new Router.Token();
            }
            case "prompt" -> new Router.Prompt(json.number("router_rms", Router.Prompt.RMS), share);
            default -> throw json.error("router", "token or prompt");
        };
    }
}
