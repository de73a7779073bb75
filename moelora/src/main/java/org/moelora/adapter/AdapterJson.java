package org.moelora.adapter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** {@code adapter_config.json}: PEFT's fields, and those of a mixture ({@link MixtureJson}) beside them. */
final class AdapterJson {
    /** The file of the adapter that one grew on. */
    static final String OLDER = "older";

    /** Where each expert came from. */
    static final String ORIGINS = "expert_origins";

    private AdapterJson() {}

    /**
     * The file of an adapter.
     *
     * @param losses that it was trained with, if they are to be noted
     */
    static Map<String, Object> of(Adapter adapter, @Nullable LossSettings losses) {
        AdapterConfig config = adapter.config();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("peft_type", config instanceof MoeLoraConfig ? "MOELORA" : "LORA");
        json.put("task_type", "CAUSAL_LM");
        json.put("base_model_name_or_path", adapter.baseSource().toString());
        json.put("r", config.rank());
        json.put("lora_alpha", whole(config.alpha()));
        json.put("lora_dropout", config.dropout());
        json.putAll(config.targets().toJson());
        json.put("bias", "none");
        json.put("fan_in_fan_out", adapter.fanInFanOut());
        json.put("inference_mode", true);
        switch (config) {
            case LoraConfig lora -> {
                json.put("use_rslora", lora.rankStabilised());
                json.put("use_dora", lora.dora());
                json.put("rank_pattern", lora.rankPattern());
                Map<String, Object> alphas = new LinkedHashMap<>();
                lora.alphaPattern().forEach((pattern, alpha) -> alphas.put(pattern, whole(alpha)));
                json.put("alpha_pattern", alphas);
            }
            case MoeLoraConfig mixture -> {
                json.put("use_rslora", mixture.rankStabilised());
                MixtureJson.write(json, mixture, losses);
                if (!adapter.origins().isEmpty()) {
                    json.put(ORIGINS, adapter.origins());
                }
            }
        }
        Adapter older = adapter.older();
        if (older != null) {
            json.put(OLDER, of(older, null));
        }
        return json;
    }

    /** A number as PEFT has it: whole if it can be. */
    private static Object whole(double alpha) {
        return alpha == Math.rint(alpha) && alpha < 1L << 53 ? (Object) (long) alpha : (Object) alpha;
    }

    /**
     * The configuration that a file describes.
     *
     * @throws InputException if a field is malformed, or asks for what is not supported
     */
    static AdapterConfig read(JsonObject json) {
        Object type = json.get("peft_type");
        if (!"LORA".equals(type) && !"MOELORA".equals(type)) {
            throw json.error("peft_type", "LORA or MOELORA");
        }
        // fan_in_fan_out says how the base's weight lies in its file; A and B are [r, in] and [out, r] either way.
        for (String unsupported : List.of("use_qalora", "lora_bias")) {
            if (json.has(unsupported) && json.flag(unsupported)) {
                throw json.error(unsupported, "false: this is not supported");
            }
        }
        if (!json.string("bias", "none").equals("none")) {
            throw json.error("bias", "none: trained biases are not supported");
        }
        if ("MOELORA".equals(type) && json.flag("use_dora", false)) {
            throw json.error("use_dora", "false with experts");
        }
        PeftFields.refuseVariants(json);
        JsonArray extra = json.arrayOrNull("modules_to_save");
        if (extra != null && extra.size() > 0) {
            throw json.error("modules_to_save", "none: whole modules in an adapter are not supported");
        }
        int rank = json.positiveInteger("r");
        double alpha = json.number("lora_alpha");
        double dropout = json.number("lora_dropout", 0);
        boolean stabilised = json.flag("use_rslora", false);
        try {
            Targets targets = Targets.read(json);
            return "MOELORA".equals(type)
                    ? MixtureJson.read(json, rank, alpha, stabilised, dropout, targets)
                    : new LoraConfig(
                            rank,
                            alpha,
                            stabilised,
                            dropout,
                            targets,
                            pattern(json, "rank_pattern", JsonObject::positiveInteger),
                            pattern(json, "alpha_pattern", JsonObject::number),
                            json.flag("use_dora", false));
        } catch (InputException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(json.source()) ? e : json.error(message);
        }
    }

    private interface Reader<V> {
        V read(JsonObject json, String name);
    }

    private static <V> Map<String, V> pattern(JsonObject json, String field, Reader<V> reader) {
        JsonObject map = json.objectOrNull(field);
        Map<String, V> values = new LinkedHashMap<>();
        if (map != null) {
            map.names().forEach(name -> values.put(name, reader.read(map, name)));
        }
        return values;
    }
}
