package org.moelora.model;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** Fields of a {@code config.json} that no family here reads: those that ask for another computation, and those that are known to change nothing. */
final class OtherFields {
    /** By what is expected instead, the fields that are refused if they say anything at all. */
    private static final Map<String, List<String>> REFUSED = Map.of(
            "a checkpoint in float32, bfloat16 or float16",
            List.of("quantization", "quantization_config", "compression_config"),
            "none: capped scores are not supported",
            List.of("attn_logit_softcapping", "final_logit_softcapping", "logit_softcapping", "logits_soft_cap"),
            "none: experts are not supported",
            List.of(
                    "num_experts",
                    "num_local_experts",
                    "n_routed_experts",
                    "moe_intermediate_size",
                    "num_experts_per_tok"),
            "none: attention of this kind is not supported",
            List.of(
                    "is_encoder_decoder",
                    "add_cross_attention",
                    "use_bidirectional_attention",
                    "attention_chunk_size",
                    "attn_temperature_tuning",
                    "attention_sinks",
                    "num_kv_shared_layers",
                    "no_rope_layers",
                    "no_rope_layer_interval",
                    "alibi",
                    "use_alibi",
                    "clip_qkv"),
            "none: blocks of this kind are not supported",
            List.of(
                    "per_layer_config",
                    "parallel_attn",
                    "use_parallel_residual",
                    "hidden_size_per_layer_input",
                    "embedding_size",
                    "word_embed_proj_dim"));

    /** Those that multiply, and change nothing if they are 1. */
    private static final List<String> MULTIPLIERS = List.of(
            "residual_multiplier",
            "embedding_multiplier",
            "logits_scaling",
            "logit_scale",
            "lm_head_multiplier",
            "key_multiplier",
            "attention_in_multiplier",
            "attention_out_multiplier",
            "embedding_scale",
            "residual_scale",
            "scale_emb",
            "scale_depth",
            "rotary_pct");

    private static final List<String> HEAD_NORMS = List.of("use_qk_norm", "qk_layernorm", "qk_norm");

    /** Fields that say how a model was made, stored or called elsewhere, which are not settings of it. */
    private static final Set<String> DESCRIPTION = Set.of(
            "architectures",
            "dtype",
            "torch_dtype",
            "transformers_version",
            "_name_or_path",
            "name_or_path",
            "auto_map");

    /** Fields that change nothing that is computed here: of training, of a cache, of other heads, of generation elsewhere. */
    private static final Set<String> HARMLESS = Set.of(
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_sliding_window_pattern",
            "attention_dropout",
            "attn_implementation",
            "attn_pdrop",
            "cache_implementation",
            "chunk_size_feed_forward",
            "classifier_dropout",
            "embd_pdrop",
            "gradient_checkpointing",
            "id2label",
            "initializer_range",
            "is_decoder",
            "label2id",
            "n_ctx",
            "num_labels",
            "original_max_position_embeddings",
            "output_attentions",
            "output_hidden_states",
            "pad_token_id",
            "pretraining_tp",
            "problem_type",
            "reorder_and_upcast_attn",
            "resid_pdrop",
            "return_dict",
            "rope.finetuned",
            "rope.original_max_position_embeddings",
            "sep_token_id",
            "sliding_window",
            "summary_activation",
            "summary_first_dropout",
            "summary_proj_to_labels",
            "summary_type",
            "summary_use_proj",
            "task_specific_params",
            "unk_token_id",
            "use_cache");

    private OtherFields() {}

    /** Whether a value asks for nothing: null, false, 0, or empty. */
    static boolean isNeutral(@Nullable Object value) {
        return switch (value) {
            case null -> true;
            case Boolean flag -> !flag;
            case Number number -> number.doubleValue() == 0;
            case String text -> text.isEmpty();
            case JsonArray array -> array.size() == 0;
            case JsonObject object -> object.names().isEmpty();
            default -> false;
        };
    }

    /**
     * Refuses what would be another computation.
     *
     * @return the fields that were looked at
     */
    static Set<String> refuse(JsonObject json) {
        Set<String> seen = new TreeSet<>(DESCRIPTION);
        REFUSED.forEach((expected, names) -> {
            seen.addAll(names);
            for (String name : names) {
                if (!isNeutral(json.get(name))) {
                    throw json.error(name, expected);
                }
            }
        });
        for (String name : MULTIPLIERS) {
            boolean one = json.get(name) instanceof Number number && number.doubleValue() == 1;
            if (json.has(name) && !one) {
                throw json.error(name, "none: scaled parts are not supported");
            }
            seen.add(name);
        }
        // It stands for the usual scale of scores, so that 1 is another one.
        if (json.has("attention_multiplier")) {
            throw json.error("attention_multiplier", "none: scaled parts are not supported");
        }
        if (json.has("is_causal") && !json.flag("is_causal")) {
            throw json.error("is_causal", "true: only causal attention is supported");
        }
        seen.add("is_causal");
        return seen;
    }

    /** Refuses norms of queries and keys, for families without. */
    static void refuseHeadNorms(JsonObject json) {
        for (String name : HEAD_NORMS) {
            if (!isNeutral(json.get(name))) {
                throw json.error(name, "none: this family does not normalise queries and keys");
            }
        }
    }

    static boolean isHarmless(String name) {
        return HARMLESS.contains(name);
    }
}
