package org.moelora.springai.boot;

import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Path;
import java.util.Objects;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.GenerationEngine;
import org.moelora.springai.MoeloraChatModel;
import org.moelora.springai.MoeloraChatOptions;
import org.moelora.springai.MoeloraEmbeddingModel;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * A {@link Decoder}, its adapters, one {@link GenerationEngine}, a chat model and an embedding model as beans, where {@code moelora.model} names a model. Beans of the same type take
 * their place. All are closed with the context: the engine ends its texts before the model goes.
 */
@AutoConfiguration(
        beforeName = "org.springframework.ai.model.chat.client.autoconfigure.ChatClientAutoConfiguration",
        afterName = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration")
@ConditionalOnProperty("moelora.model")
@EnableConfigurationProperties(MoeloraProperties.class)
public class MoeloraAutoConfiguration {
    /** Made by the context. */
    public MoeloraAutoConfiguration() {}

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    Decoder moeloraDecoder(MoeloraProperties properties) {
        Path model = Objects.requireNonNull(properties.model());
        return Decoder.load(
                model, new DeviceChoice(properties.device(), properties.threads()), properties.quantization());
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    MoeloraViews moeloraViews(MoeloraProperties properties, Decoder decoder) {
        return MoeloraViews.load(decoder, properties.baseName(), properties.adapters());
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    GenerationEngine moeloraEngine(MoeloraProperties properties, Decoder decoder) {
        MoeloraProperties.Engine engine = properties.engine();
        return GenerationEngine.of(decoder)
                .batch(engine.batch())
                .queue(engine.queue())
                .chunk(engine.chunk())
                .maxContext(engine.maxContext())
                .maxMemory(engine.maxMemory().toBytes())
                .prefixCache(engine.prefixCache())
                .open();
    }

    @Bean
    @ConditionalOnMissingBean
    MoeloraChatModel moeloraChatModel(
            MoeloraProperties properties,
            GenerationEngine engine,
            MoeloraViews views,
            ObjectProvider<ObservationRegistry> observations) {
        MoeloraProperties.Chat chat = properties.chat();
        MoeloraChatModel.Builder builder = MoeloraChatModel.builder(engine)
                .observationRegistry(observations.getIfUnique(() -> ObservationRegistry.NOOP))
                .options(MoeloraChatOptions.builder()
                        .model(views.name(properties.defaultName()))
                        .maxTokens(chat.maxTokens())
                        .temperature(chat.temperature())
                        .topP(chat.topP())
                        .topK(chat.topK())
                        .frequencyPenalty(chat.frequencyPenalty())
                        .presencePenalty(chat.presencePenalty())
                        .stopSequences(chat.stopSequences())
                        .minP(chat.minP())
                        .repetitionPenalty(chat.repetitionPenalty())
                        .seed(chat.seed())
                        .deadline(chat.deadline())
                        .build());
        views.all().forEach(builder::view);
        return builder.build();
    }

    @Bean
    @ConditionalOnMissingBean
    MoeloraEmbeddingModel moeloraEmbeddingModel(
            MoeloraProperties properties, MoeloraViews views, ObjectProvider<ObservationRegistry> observations) {
        MoeloraProperties.Embedding embedding = properties.embedding();
        return MoeloraEmbeddingModel.of(views.name(embedding.name()), views.get(embedding.name()), embedding.pooling())
                .withObservationRegistry(observations.getIfUnique(() -> ObservationRegistry.NOOP));
    }

    /** Where an application has health. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(HealthIndicator.class)
    static class Health {
        @Bean
        @ConditionalOnMissingBean(name = "moeloraHealthIndicator")
        HealthIndicator moeloraHealthIndicator(GenerationEngine engine, MoeloraViews views) {
            return new MoeloraHealthIndicator(engine, views);
        }
    }
}
