package org.moelora.adapter;

import java.util.List;
import java.util.Set;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** Which fields of an {@code adapter_config.json} are read, which count for nothing, and which ask for something that no adapter here computes. */
final class PeftFields {
    private static final System.Logger LOG = System.getLogger(PeftFields.class.getName());

    /** Fields that are read, or that say nothing about what an adapter computes. */
    private static final Set<String> KNOWN = Set.of(
            "peft_type",
            "task_type",
            "base_model_name_or_path",
            "base_fingerprint",
            "r",
            "lora_alpha",
            "lora_dropout",
            "target_modules",
            "exclude_modules",
            "layers_to_transform",
            "layers_pattern",
            "bias",
            "fan_in_fan_out",
            "inference_mode",
            "use_rslora",
            "rank_pattern",
            "alpha_pattern",
            "use_dora",
            "use_qalora",
            "qalora_group_size",
            "lora_bias",
            "modules_to_save",
            "init_lora_weights",
            "auto_mapping",
            "revision",
            "peft_version",
            "megatron_core",
            "loftq_config",
            "eva_config",
            "corda_config",
            "lora_ga_config",
            "velora_config",
            "runtime_config",
            "ensure_weight_tying",
            "older",
            "expert_origins");

    private static final List<String> COMPUTES_OTHERWISE = List.of(
            "layer_replication",
            "trainable_token_indices",
            "target_parameters",
            "megatron_config",
            "kasa_config",
            "monteclora_config",
            "use_bdlora",
            "arrow_config",
            "alora_invocation_tokens");

    /** Of PEFT's ways to fill A and B, those that leave W0 as it is. */
    private static final List<String> KEEPS_THE_BASE = List.of("gaussian", "eva", "orthogonal");

    /** Most names that are listed, and most characters of one. */
    private static final int MAX_LISTED = 50;

    private PeftFields() {}

    /** Variants of LoRA that compute something else, or that sit on a base whose weights were changed when training began. */
    static void refuseVariants(JsonObject json) {
        for (String field : COMPUTES_OTHERWISE) {
            Object value = json.get(field);
            boolean empty = value == null
                    || Boolean.FALSE.equals(value)
                    || (value instanceof JsonArray array && array.size() == 0)
                    || (value instanceof JsonObject object && object.names().isEmpty());
            if (!empty) {
                throw json.error(field, "null: this is not supported");
            }
        }
        if (json.get("init_lora_weights") instanceof String init && !KEEPS_THE_BASE.contains(init)) {
            throw json.error(
                    "init_lora_weights",
                    "true, false or one of " + KEEPS_THE_BASE
                            + ": others may change the base's weights; save it converted to plain LoRA");
        }
    }

    /** Says once which fields are not known here. */
    static void logUnknown(JsonObject json) {
        Set<String> ofMixture = MixtureJson.fields();
        List<String> unknown = json.names().stream()
                .filter(name ->
                        !KNOWN.contains(name) && !ofMixture.contains(name) && !COMPUTES_OTHERWISE.contains(name))
                .sorted()
                .limit(MAX_LISTED)
                .map(name -> name.length() > MAX_LISTED ? name.substring(0, MAX_LISTED) + "..." : name)
                .toList();
        if (!unknown.isEmpty()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}: fields that are not known, and not used: {1}",
                    json.source(),
                    String.join(", ", unknown));
        }
    }
}
