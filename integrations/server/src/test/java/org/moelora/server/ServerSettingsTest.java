package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;

/** How a server is opened and how it ends. */
@Timeout(120)
class ServerSettingsTest {
    private static final String TEXT = "/v1/completions";
    private static final String ENDLESS =
            "{\"model\":\"tiny\",\"prompt\":\"Once\",\"max_tokens\":200,\"n\":4,\"logit_bias\":{\"1\":-100}}";

    @Test
    void withoutTheKeyThereIsNoAnswer() {
        try (Served served = new Served(builder -> builder.apiKey("secret"))) {
            assertThat(served.get("/health").statusCode()).isEqualTo(200);
            assertThat(served.get("/").statusCode()).isEqualTo(200);
            for (String path : new String[] {"/metrics", "/v1/models", "/v1/models/tiny"}) {
                HttpResponse<String> refused = served.get(path);
                assertThat(refused.statusCode()).isEqualTo(401);
                assertThat(refused.body()).contains("\"code\":\"invalid_api_key\"");
                assertThat(served.send(served.to(path)
                                        .header("Authorization", "Bearer secrets")
                                        .build())
                                .statusCode())
                        .isEqualTo(401);
                assertThat(served.send(served.to(path)
                                        .header("Authorization", "Bearer secret")
                                        .build())
                                .statusCode())
                        .isEqualTo(200);
            }
            assertThat(served.post(TEXT, ENDLESS).statusCode()).isEqualTo(401);
            assertThat(served.post("/v1/load_lora_adapter", "{}").statusCode()).isEqualTo(401);
        }
    }

    @Test
    void adaptersAreFixedWithoutAFolderForThem() {
        try (Served served = new Served(builder -> builder.name("base"))) {
            HttpResponse<String> refused =
                    served.post("/v1/load_lora_adapter", "{\"lora_name\":\"a\",\"lora_path\":\"/\"}");
            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(served.get("/v1/models/base").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void whatCannotBeServedIsRefusedAtOnceAndLeavesNothing() {
        try (Decoder base = Decoder.load(Served.TINY)) {
            long leased = base.device().memoryUse().total();
            refused(MoeloraServer.of(base).host("0.0.0.0"), "other machines reach 0.0.0.0, and there is no API key");
            refused(MoeloraServer.of(base).host("no.such.host.invalid"), "is not known");
            refused(MoeloraServer.of(base).port(70_000), "port 70000");
            refused(MoeloraServer.of(base).apiKey(" "), "the API key is empty");
            refused(MoeloraServer.of(base).adapter("x", Path.of("nothing")), "nothing");
            refused(MoeloraServer.of(base).adapterRoot(Path.of("nothing")), "is no folder");
            refused(MoeloraServer.of(base).engine(engine -> engine.batch(0)), "batch is 0");
            assertThatThrownBy(() -> MoeloraServer.of(base).connections(0)).isInstanceOf(InputException.class);
            try (MoeloraServer server = MoeloraServer.of(base).open()) {
                refused(MoeloraServer.of(base).port(server.uri().getPort()), "cannot be listened on");
            }
            assertThat(base.device().memoryUse().total()).isEqualTo(leased);
        }
    }

    private static void refused(MoeloraServer.Builder builder, String sentence) {
        assertThatThrownBy(builder::open).isInstanceOf(InputException.class).hasMessageContaining(sentence);
    }

    @Test
    void anAddressForAllIsAllowedWithAKey() {
        try (Served served = new Served(builder -> builder.host("0.0.0.0").apiKey("k"))) {
            assertThat(served.server.uri().getPort()).isPositive();
        }
    }

    @Test
    void stoppingLetsAnswersEnd() {
        try (Served served = new Served(builder -> builder)) {
            CompletableFuture<HttpResponse<String>> answer = begin(served);
            assertThat(served.server.stop(Duration.ofMinutes(5))).isTrue();
            assertThat(answer.join().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void closingEndsAnswersAndSaysSo() {
        try (Served served = new Served(builder -> builder)) {
            CompletableFuture<HttpResponse<String>> answer = begin(served);
            served.server.close();
            assertThat(answer.join().statusCode()).isEqualTo(503);
            assertThat(answer.join().body()).contains("the server stops");
        }
    }

    private static CompletableFuture<HttpResponse<String>> begin(Served served) {
        CompletableFuture<HttpResponse<String>> answer = served.client.sendAsync(
                Served.json(served.to(TEXT), ENDLESS).build(), HttpResponse.BodyHandlers.ofString());
        Served.await(() -> served.server.load().running() > 0);
        return answer;
    }
}
