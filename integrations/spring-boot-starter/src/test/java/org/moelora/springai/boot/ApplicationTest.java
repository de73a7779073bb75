package org.moelora.springai.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.GenerationEngine;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.model.chat.client.autoconfigure.ChatClientAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Applications that name a model, and what they have then. */
class ApplicationTest {
    private static final Path MODEL = Path.of("../../test-models/conversations");

    @TempDir
    private static Path folder;

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(
                    AutoConfigurations.of(MoeloraAutoConfiguration.class, ChatClientAutoConfiguration.class));

    /** An adapter as it is before it has learned, which changes no answer. */
    @BeforeAll
    static void saveAnAdapter() {
        try (Decoder base = Decoder.load(MODEL);
                Adapter adapter = MoeLora.create(
                        base, MoeLoraConfig.builder().experts(2).rank(2).build())) {
            adapter.save(folder.resolve("support"));
        }
    }

    private ApplicationContextRunner withModel() {
        return application.withPropertyValues(
                "moelora.model=" + MODEL, "moelora.adapters.support=" + folder.resolve("support"));
    }

    @Test
    void anApplicationAnswers() {
        withModel().run(context -> {
            assertThat(context).hasNotFailed();
            ChatClient client = context.getBean(ChatClient.Builder.class).build();
            assertThat(client.prompt("Say 'Hello World'").call().content()).isEqualTo("Hello World");
            ChatModel model = context.getBean(ChatModel.class);
            assertThat(model.call(new Prompt(
                                    "hello",
                                    ChatOptions.builder().model("support").build()))
                            .getMetadata()
                            .getModel())
                    .isEqualTo("support");
            assertThat(context.getBean(EmbeddingModel.class).embed("hello")).hasSize(64);
        });
    }

    @Test
    void propertiesReachTheEngineAndTheModels() {
        withModel()
                .withPropertyValues(
                        "moelora.default-name=support",
                        "moelora.base-name=plain",
                        "moelora.chat.max-tokens=3",
                        "moelora.chat.deadline=20s",
                        "moelora.chat.stop-sequences=zz,yy",
                        "moelora.engine.max-context=64",
                        "moelora.engine.max-memory=1MB",
                        "moelora.embedding.name=support",
                        "moelora.embedding.pooling=last",
                        "moelora.threads=1")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    var response =
                            context.getBean(ChatModel.class).call(new Prompt("Tell me a long story about animals"));
                    assertThat(response.getMetadata().getModel()).isEqualTo("support");
                    assertThat(response.getMetadata().getUsage().getCompletionTokens())
                            .isEqualTo(3);
                    assertThat(context.getBean(MoeloraProperties.class).chat().stopSequences())
                            .containsExactly("zz", "yy");
                    assertThat(context.getBean(MoeloraViews.class).all()).containsOnlyKeys("plain", "support");
                    assertThat(catchThrowable(
                                    () -> context.getBean(ChatModel.class).call("word ".repeat(24))))
                            .isInstanceOf(InputException.class)
                            .hasMessageContaining("the engine takes texts of 64");
                });
    }

    @Test
    void healthIsUpUntilTheModelIsClosed() {
        withModel().run(context -> {
            HealthIndicator health = context.getBean(HealthIndicator.class);
            assertThat(health.health().getStatus()).isEqualTo(Status.UP);
            assertThat(health.health().getDetails())
                    .containsEntry("running", 0)
                    .containsKeys("models", "waiting", "cacheBytes");
            context.getBean(Decoder.class).close();
            assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
        });
    }

    @Test
    void callsAreObserved() {
        List<String> stopped = new ArrayList<>();
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public void onStop(Observation.Context observed) {
                stopped.add(observed.getContextualName());
            }

            @Override
            public boolean supportsContext(Observation.Context observed) {
                return true;
            }
        });
        withModel().withBean(ObservationRegistry.class, () -> registry).run(context -> {
            context.getBean(ChatModel.class).call("hello");
            context.getBean(EmbeddingModel.class).embed("hello");
            assertThat(stopped).containsExactly("chat base", "embedding base");
        });
    }

    @Test
    void theContextClosesWhatItOpened() {
        GenerationEngine[] engine = new GenerationEngine[1];
        Decoder[] decoder = new Decoder[1];
        withModel().run(context -> {
            engine[0] = context.getBean(GenerationEngine.class);
            decoder[0] = context.getBean(Decoder.class);
        });
        assertThat(catchThrowable(() -> decoder[0].plain().enter())).isInstanceOf(IllegalStateException.class);
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.isAlive() && thread.getName().startsWith("moelora"));
    }

    @Test
    void withoutAModelThereIsNothing() {
        application.run(context -> assertThat(context).doesNotHaveBean(Decoder.class));
    }

    @Test
    void whatIsWrongSaysSo() {
        withModel()
                .withPropertyValues("moelora.default-name=none")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(InputException.class)
                        .hasMessage("there is no model \"none\"; expected one of base, support"));
        application
                .withPropertyValues("moelora.model=" + folder.resolve("nothing"))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(InputException.class)
                        .hasMessageContaining("there is no such model"));
    }
}
