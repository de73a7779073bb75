package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/** Requests with a grammar, on the bundled model. */
class StructuredTextTest {
    private static final String SCHEMA = """
            {"type": "object", "properties": {"use": {"enum": ["dry", "pour"]}, "times": {"type": "integer", "minimum": 1, "maximum": 40},
             "why": {"type": "string", "maxLength": 12}}, "required": ["use", "times"]}""";
    private static final String PROMPT = "Tom takes a kettle. What is that good for: dry or pour?\nAnswer:";

    private static Decoder base;

    @BeforeAll
    static void open() {
        base = Decoder.load(Path.of("../test-models/tiny"));
    }

    @AfterAll
    static void close() {
        base.close();
    }

    private static Completion complete(Request.Builder request) {
        return base.plain().complete(request.build());
    }

    @Test
    void writesWhatTheSchemaAllowsAndStopsBehindIt() {
        for (int seed = 0; seed < 10; seed++) {
            Completion text = complete(Request.of(PROMPT)
                    .jsonSchema(SCHEMA)
                    .temperature(seed * 0.4)
                    .seed(seed)
                    .maxTokens(200));
            assertThat(text.finish()).isEqualTo(FinishReason.STOP);
            JsonObject value = Json.parse(text.text(), "text");
            assertThat(value.string("use")).isIn("dry", "pour");
            assertThat(value.integer("times")).isBetween(1, 40);
        }
    }

    @Test
    void anExpressionMatchesTheWholeText() {
        Completion text = complete(Request.of(PROMPT).regex(" (dry|pour)!{2}").temperature(1));
        assertThat(text.text()).matches(" (dry|pour)!!");
        assertThat(text.finish()).isEqualTo(FinishReason.STOP);
        assertThat(text.logProbabilities()).isEmpty();
    }

    @Test
    void aTextThatIsCutEndsByItsLength() {
        Completion text = complete(Request.of(PROMPT).json().maxTokens(3));
        assertThat(text.finish()).isEqualTo(FinishReason.LENGTH);
        assertThat(text.ids()).hasSize(3);
    }

    @Test
    void hasTheBitsInCompanyThatItHasAlone() {
        List<Request> requests = new ArrayList<>();
        for (int seed = 0; seed < 4; seed++) {
            requests.add(Request.of(PROMPT)
                    .jsonSchema(SCHEMA)
                    .temperature(1)
                    .seed(seed)
                    .logProbabilities(0)
                    .maxTokens(60)
                    .build());
            requests.add(Request.of("Once")
                    .regex("[a-z ]{5,30}\\.")
                    .temperature(1)
                    .seed(seed)
                    .logProbabilities(0)
                    .build());
            requests.add(Request.of("Once")
                    .temperature(1)
                    .seed(seed)
                    .logProbabilities(0)
                    .maxTokens(20)
                    .build());
        }
        try (GenerationEngine engine = GenerationEngine.of(base).batch(5).open()) {
            List<CompletableFuture<Completion>> together = requests.stream()
                    .map(request -> engine.submit(base.plain(), request))
                    .toList();
            for (int i = 0; i < requests.size(); i++) {
                Completion alone = base.plain().complete(requests.get(i));
                Completion inCompany = together.get(i).join();
                assertThat(inCompany.text()).isEqualTo(alone.text());
                assertThat(inCompany.logProbabilities()).isEqualTo(alone.logProbabilities());
                assertThat(inCompany.finish()).isEqualTo(alone.finish());
            }
        }
    }

    @Test
    void refusesWhatItCannotDo() {
        assertThatExceptionOfType(UnsupportedFeature.class)
                .isThrownBy(() -> Request.of("a").jsonSchema("{\"oneOf\": []}"))
                .withMessageContaining("\"oneOf\" is not supported; expected type, properties");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Request.of("a").json().choices(List.of("a")).build())
                .withMessageContaining("choices and a grammar");
    }
}
