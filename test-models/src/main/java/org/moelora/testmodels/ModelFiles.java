package org.moelora.testmodels;

import java.nio.file.Path;
import java.util.List;
import org.moelora.engine.Parameter;
import org.moelora.io.AtomicFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.model.Decoder;
import org.moelora.model.DecoderConfig;

/** The bundled model's sizes, and its configuration files as Hugging Face writes them. */
final class ModelFiles {
    /** About two million parameters, a seventh of them embeddings. */
    static final DecoderConfig TINY = config(192, 448, 5, 6, 3, TokenizerFiles.VOCABULARY);

    static final String GENERATION_CONFIG = """
            {
              "bos_token_id": %d,
              "eos_token_id": %d,
              "do_sample": false
            }
            """.formatted(TokenizerFiles.BOS_ID, TokenizerFiles.EOS_ID);

    /** Asks as the pretraining text does, {@link Cast#ANSWER} behind a question. */
    static final String CHAT_TEMPLATE = """
            {{- bos_token -}}
            {%- for message in messages -%}
                {%- if message.role == 'assistant' -%}
                    {{- 'Answer: ' + message.content + eos_token -}}
                {%- elif message.role == 'user' or message.role == 'system' -%}
                    {{- message.content + '\\n' -}}
                {%- else -%}
                    {{- raise_exception('this model knows the roles system, user and assistant, not ' + message.role) -}}
                {%- endif -%}
            {%- endfor -%}
            {%- if add_generation_prompt -%}
                {{- 'Answer:' -}}
            {%- endif -%}
            """;

    private ModelFiles() {}

    static DecoderConfig config(int hidden, int intermediate, int layers, int heads, int kvHeads, int vocabulary) {
        return new DecoderConfig(
                "llama",
                hidden,
                intermediate,
                layers,
                vocabulary,
                heads,
                kvHeads,
                hidden / heads,
                1e-5f,
                10_000,
                null,
                256,
                true,
                false,
                false,
                TokenizerFiles.BOS_ID,
                List.of(TokenizerFiles.EOS_ID));
    }

    static String config(DecoderConfig config) {
        return """
                {
                  "architectures": ["LlamaForCausalLM"],
                  "model_type": "llama",
                  "hidden_size": %d,
                  "intermediate_size": %d,
                  "num_hidden_layers": %d,
                  "num_attention_heads": %d,
                  "num_key_value_heads": %d,
                  "head_dim": %d,
                  "vocab_size": %d,
                  "max_position_embeddings": %d,
                  "rms_norm_eps": 1e-05,
                  "rope_theta": 10000.0,
                  "hidden_act": "silu",
                  "attention_bias": false,
                  "mlp_bias": false,
                  "tie_word_embeddings": true,
                  "bos_token_id": %d,
                  "eos_token_id": %d,
                  "torch_dtype": "bfloat16"
                }
                """.formatted(
                        config.hiddenSize(),
                        config.intermediateSize(),
                        config.layers(),
                        config.heads(),
                        config.kvHeads(),
                        config.headDim(),
                        config.vocabularySize(),
                        config.maxPositions(),
                        TokenizerFiles.BOS_ID,
                        TokenizerFiles.EOS_ID);
    }

    /** Writes a {@link Decoder#trainable} decoder's weights in bf16 with the configuration, in Hugging Face's layout. */
    static void write(Decoder decoder, Path folder) {
        var writer = new SafetensorsWriter().metadata("format", "pt");
        for (Parameter parameter : decoder.parameters().parameters()) {
            writer.bf16(parameter.name(), dims(parameter), parameter.toArray());
        }
        writer.write(folder.resolve("model.safetensors"));
        AtomicFile.write(folder.resolve("config.json"), config(decoder.config()));
        AtomicFile.write(folder.resolve("generation_config.json"), GENERATION_CONFIG);
    }

    private static long[] dims(Parameter parameter) {
        long[] dims = new long[parameter.shape().rank()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = parameter.shape().dim(i);
        }
        return dims;
    }
}
