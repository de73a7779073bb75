package org.moelora.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.Targets;
import org.moelora.engine.io.JsonObject;
import org.moelora.settings.Values;

/** Settings as {@code run.json} has them: the command line's names with underscores. */
final class ConfigJson {
    private static final String RECOMPUTE = "recompute";
    private static final TrainingConfig DEFAULT = TrainingConfig.builder().build();

    private ConfigJson() {}

    static Map<String, @Nullable Object> of(AdapterConfig adapter) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("method", adapter.method());
        if (adapter instanceof MoeLoraConfig mixture) {
            List<Integer> experts = mixture.expertsPerLayer();
            json.put("experts", experts.size() == 1 ? experts.getFirst() : experts);
            if (mixture.topK() > 0) {
                json.put("top_k", mixture.topK());
            }
            json.put("gate", mixture.gate().id());
            if (mixture.gate().biased()) {
                json.put("selection_bias", true);
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
            if (mixture.gate() instanceof GatePolicy.TaskGate taskGate) {
                json.put("tasks", taskGate.tasks());
            }
        }
        json.put("rank", adapter.rank());
        json.put("alpha", adapter.alpha());
        json.put("scale", adapter.scale());
        json.put("dropout", adapter.dropout());
        Targets targets = adapter.targets();
        boolean byName = targets.equals(Targets.of(targets.names()));
        json.put(
                "targets",
                byName && targets.names() instanceof Targets.Suffixes given ? given.of() : targets.toString());
        return json;
    }

    static Map<String, @Nullable Object> of(TrainingConfig config) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.putAll(LossSettings.SETTINGS.write(config.losses()));
        json.put("contrast_start", config.contrastStart().toString());
        json.put("contrast_warmup", config.contrastWarmUp().toString());
        json.put("router_learning_rate", config.router().rate());
        json.put("router_warmup", config.router().warmUp().toString());
        json.put("router_temperature", config.router().temperature());
        json.put("router_only", config.router().alone());
        json.put("epochs", config.steps() == null ? config.epochs() : null);
        json.put("steps", config.steps());
        json.put("batch_size", config.batchSize());
        json.put("grad_accumulation", config.gradAccumulation());
        json.put("learning_rate", config.learningRate());
        json.put("schedule", config.schedule().name().toLowerCase(Locale.ROOT));
        json.put("warmup", config.warmUp().toString());
        json.put("weight_decay", config.weightDecay());
        json.put("clip", config.clip());
        json.put("eval_every", config.evalEvery());
        json.put(RECOMPUTE, config.recompute());
        json.put("shuffle", config.shuffle());
        json.put("seed", config.seed());
        return json;
    }

    static TrainingConfig training(JsonObject json) {
        TrainingConfig.Builder builder = TrainingConfig.builder();
        if (json.has("steps")) {
            builder.steps(json.longInteger("steps"));
        } else {
            builder.epochs(json.number("epochs", DEFAULT.epochs()));
        }
        return builder.losses(LossSettings.SETTINGS.make(Values.of(json)))
                .contrastStart(warmUp(json, "contrast_start", DEFAULT.contrastStart()))
                .router(new RouterTraining(
                        json.number("router_learning_rate", DEFAULT.router().rate()),
                        warmUp(json, "router_warmup", DEFAULT.router().warmUp()),
                        json.number("router_temperature", DEFAULT.router().temperature()),
                        json.flag("router_only", DEFAULT.router().alone())))
                .contrastWarmUp(WarmUp.parse(json.source() + ": contrast_warmup", json.string("contrast_warmup")))
                .batchSize(json.integer("batch_size"))
                .gradAccumulation(json.integer("grad_accumulation"))
                .learningRate(json.number("learning_rate"))
                .schedule(json.string("schedule"))
                .warmUp(WarmUp.parse(json.source() + ": warmup", json.string("warmup")))
                .weightDecay(json.number("weight_decay"))
                .clip(json.number("clip"))
                .evalEvery(json.longInteger("eval_every"))
                .recompute(json.flag(RECOMPUTE))
                .shuffle(json.flag("shuffle"))
                .seed(json.longInteger("seed"))
                .build();
    }

    /** A warm-up that runs from before there was a choice do not say. */
    private static WarmUp warmUp(JsonObject json, String name, WarmUp otherwise) {
        return WarmUp.parse(json.source() + ": " + name, json.string(name, otherwise.toString()));
    }

    /** The first setting that matters to the result in which two differ, in words; empty if there is none. */
    static Optional<String> difference(TrainingConfig given, TrainingConfig has) {
        Map<String, @Nullable Object> run = of(has);
        for (var entry : of(given).entrySet()) {
            Object there = run.get(entry.getKey());
            if (!Objects.equals(entry.getValue(), there) && !entry.getKey().equals(RECOMPUTE)) {
                return Optional.of(
                        entry.getKey().replace('_', '-') + " is " + entry.getValue() + ", and the run has " + there);
            }
        }
        return Optional.empty();
    }
}
