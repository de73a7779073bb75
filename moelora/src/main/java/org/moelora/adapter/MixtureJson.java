package org.moelora.adapter;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.Values;

/** What {@code adapter_config.json} says about a mixture of experts, beside what it says about LoRA. */
final class MixtureJson {
    private static final String BIASED = "selection_bias";

    private MixtureJson() {}

    /** Whether the fields of a mixture say it: numbers of experts are written in two fields, and what LoRA has too has PEFT's names. */
    static boolean isOwn(Setting<AdapterConfig, ?> setting) {
        return setting.parts().contains(Part.MIXTURE) && !setting.equals(AdapterSettings.EXPERTS);
    }

    /** What {@code adapter_config.json} calls a setting. */
    static String field(Setting<?, ?> setting) {
        return setting.equals(AdapterSettings.GATE) ? "routing_strategy" : setting.field();
    }

    /** The fields of a mixture. */
    static Set<String> fields() {
        return Stream.of(
                        Stream.of("num_experts", "experts_per_layer", BIASED),
                        AdapterSettings.SETTINGS.all().stream()
                                .filter(MixtureJson::isOwn)
                                .map(MixtureJson::field),
                        LossSettings.SETTINGS.all().stream().map(Setting::field))
                .flatMap(fields -> fields)
                .collect(Collectors.toSet());
    }

    static void write(Map<String, Object> json, MoeLoraConfig mixture, @Nullable LossSettings losses) {
        json.put("num_experts", mixture.experts());
        if (mixture.expertsPerLayer().size() > 1) {
            json.put("experts_per_layer", mixture.expertsPerLayer());
        }
        for (Setting<AdapterConfig, ?> setting : AdapterSettings.SETTINGS.listed(mixture, Values.NONE)) {
            if (isOwn(setting)) {
                json.put(field(setting), Objects.requireNonNull(setting.written(mixture)));
            }
        }
        if (mixture.gate().biased()) {
            json.put(BIASED, true);
        }
        if (losses != null) {
            for (Setting<LossSettings, ?> setting : LossSettings.SETTINGS.listed(losses, Values.NONE)) {
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
        Values said = Values.of(json, MixtureJson::field);
        boolean biased = json.flag(BIASED, false);
        GatePolicy gate = AdapterSettings.gate(said, 0, biased);
        if (biased && gate.topK() == 0) {
            throw json.error(BIASED, "false with the strategy " + gate.id() + ", which does not choose k experts");
        }
        Router router = AdapterSettings.router(said);
        for (Setting<AdapterConfig, ?> setting : AdapterSettings.SETTINGS.all()) {
            Setting.Needs<AdapterConfig> needs = setting.needs();
            if (needs != null && needs.of().equals(AdapterSettings.ROUTER) && router instanceof Router.Token) {
                Object value = said.said(setting);
                if (value != null && !value.equals(setting.otherwise())) {
                    throw json.error(setting.field(), setting.shownDefault() + " with the router token");
                }
            }
        }
        return new MoeLoraConfig(
                spread, gate, router, AdapterSettings.space(said), rank, alpha, stabilised, dropout, targets);
    }
}
