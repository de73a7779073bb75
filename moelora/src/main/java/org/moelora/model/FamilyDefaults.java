package org.moelora.model;

import java.util.List;

/**
 * What a family's {@code config.json} means where it does not have a field: the values of the family's configuration class in transformers.
 *
 * @param headDim of {@code head_dim}; 0 for {@code hidden_size / num_attention_heads}
 * @param kvHeads of {@code num_key_value_heads}; 0 for {@code num_attention_heads}
 * @param positions of {@code max_position_embeddings}
 * @param normEps of {@code rms_norm_eps}
 * @param ropeTheta of {@code rope_theta}
 * @param localTheta base of the frequencies of layers with a window; 0 where they turn as all do
 * @param bosId of {@code bos_token_id}; -1 for none
 * @param eosId of {@code eos_token_id}; -1 for none
 * @param tied of {@code tie_word_embeddings}
 * @param activationField which field names the activation
 * @param activations the names that it may have, the first if it has none
 */
record FamilyDefaults(
        int headDim,
        int kvHeads,
        int positions,
        double normEps,
        double ropeTheta,
        double localTheta,
        int bosId,
        int eosId,
        boolean tied,
        String activationField,
        List<String> activations) {
    private static final List<String> SILU = List.of("silu", "swish");

    static final FamilyDefaults LLAMA =
            new FamilyDefaults(0, 0, 2048, 1e-6, 10_000, 0, 1, 2, false, "hidden_act", SILU);

    static final FamilyDefaults MISTRAL =
            new FamilyDefaults(0, 8, 1 << 17, 1e-6, 10_000, 0, 1, 2, false, "hidden_act", SILU);

    static final FamilyDefaults QWEN2 =
            new FamilyDefaults(0, 32, 1 << 15, 1e-6, 10_000, 0, -1, -1, false, "hidden_act", SILU);

    static final FamilyDefaults QWEN3 =
            new FamilyDefaults(128, 32, 1 << 15, 1e-6, 10_000, 0, -1, -1, false, "hidden_act", SILU);

    static final FamilyDefaults GEMMA3 = new FamilyDefaults(
            256, 4, 1 << 17, 1e-6, 1_000_000, 10_000, 2, 1, true, "hidden_activation", List.of("gelu_pytorch_tanh"));

    static final FamilyDefaults PHI3 =
            new FamilyDefaults(0, 0, 4096, 1e-5, 10_000, 0, 1, 32_000, false, "hidden_act", SILU);

    static final FamilyDefaults GPT2 = new FamilyDefaults(
            0,
            0,
            1024,
            1e-5,
            10_000,
            0,
            50_256,
            50_256,
            true,
            "activation_function",
            List.of("gelu_new", "gelu_pytorch_tanh"));
}
