package org.moelora.springai.boot;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Pooling;
import org.moelora.model.Quantization;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What an application says of its model.
 *
 * @param model folder or GGUF file of the base model; without it there are no beans
 * @param adapters folders of adapters, by the name that options ask for
 * @param baseName the name of the base model without an adapter
 * @param defaultName the name that answers where options ask for none: the base's, or an adapter's
 * @param device where the model computes, such as cpu or opencl:0
 * @param threads worker threads; 0 for one per physical core
 * @param quantization what becomes of the matrices when they are loaded
 * @param engine what requests may take together
 * @param chat what holds where a prompt does not say otherwise
 * @param embedding how texts become vectors
 */
@ConfigurationProperties("moelora")
public record MoeloraProperties(
        @Nullable Path model,
        @DefaultValue Map<String, Path> adapters,
        @DefaultValue("base") String baseName,
        @Nullable String defaultName,
        @DefaultValue("cpu") String device,
        @DefaultValue("0") int threads,
        @DefaultValue("none") Quantization quantization,
        @DefaultValue Engine engine,
        @DefaultValue Chat chat,
        @DefaultValue Embedding embedding) {
    /**
     * What requests may take together.
     *
     * @param batch most texts that are written at a time
     * @param queue most requests that wait
     * @param chunk tokens of prompts that are read between two tokens of the running texts
     * @param maxContext most tokens of a text, prompt included; 0 for the model's positions
     * @param maxMemory most bytes of keys and values; 0 for a full batch, or half of what the system has free
     * @param prefixCache whether prompts are kept for requests that begin like them
     */
    public record Engine(
            @DefaultValue("8") int batch,
            @DefaultValue("64") int queue,
            @DefaultValue("64") int chunk,
            @DefaultValue("0") int maxContext,
            @DefaultValue("0B") DataSize maxMemory,
            @DefaultValue("true") boolean prefixCache) {}

    /**
     * What holds where a prompt does not say otherwise.
     *
     * @param maxTokens most tokens to write
     * @param temperature 0 for the most probable token each time
     * @param topP share of the probability that is drawn from
     * @param topK how many tokens are drawn from
     * @param minP least probability that is drawn from, as a share of the largest
     * @param frequencyPenalty taken from the logits of tokens for each time that the text has them
     * @param presencePenalty taken from the logits of tokens that the text has
     * @param repetitionPenalty what logits of tokens of prompt and text are divided by
     * @param stopSequences the text ends before the first of these
     * @param seed same seed, same text
     * @param deadline the text ends when so much time has passed
     */
    public record Chat(
            @Nullable Integer maxTokens,
            @Nullable Double temperature,
            @Nullable Double topP,
            @Nullable Integer topK,
            @Nullable Double minP,
            @Nullable Double frequencyPenalty,
            @Nullable Double presencePenalty,
            @Nullable Double repetitionPenalty,
            @Nullable List<String> stopSequences,
            @Nullable Long seed,
            @Nullable Duration deadline) {}

    /**
     * How texts become vectors.
     *
     * @param name which model reads them: the base's name, or an adapter's
     * @param pooling how the hidden states of a text become one vector
     */
    public record Embedding(
            @Nullable String name, @DefaultValue("mean") Pooling pooling) {}
}
