package org.moelora.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.IntSupplier;
import java.util.function.ToDoubleFunction;
import org.moelora.model.Completion;
import org.moelora.model.GenerationEngine;

/** What the server counts and times, for Prometheus. Safe for any thread. */
final class Metrics implements AutoCloseable {
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(10),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(5)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Timer firstToken;

    Metrics(GenerationEngine engine, IntSupplier connections) {
        firstToken = Timer.builder("moelora.first.token")
                .description("Time from a request to the first token of each of its texts")
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
        gauge(engine, "moelora.requests.running", "Requests that are being answered", GenerationEngine.Load::running);
        gauge(engine, "moelora.requests.waiting", "Requests that have yet to begin", GenerationEngine.Load::waiting);
        gauge(engine, "moelora.cache.bytes", "Bytes of keys and values", GenerationEngine.Load::cacheBytes);
        gauge(
                engine,
                "moelora.cache.kept.bytes",
                "Bytes of prompts that are kept alone",
                GenerationEngine.Load::keptBytes);
        counter(engine, "moelora.prompt.tokens", "Tokens of all prompts", GenerationEngine.Load::promptTokens);
        counter(
                engine,
                "moelora.cached.tokens",
                "Those of them that were not read again",
                GenerationEngine.Load::cachedTokens);
        counter(engine, "moelora.completion.tokens", "Tokens written", GenerationEngine.Load::completionTokens);
        Gauge.builder("moelora.connections", connections::getAsInt)
                .description("Open connections")
                .register(registry);
    }

    private void gauge(
            GenerationEngine engine, String name, String what, ToDoubleFunction<GenerationEngine.Load> value) {
        Gauge.builder(name, engine, of -> value.applyAsDouble(of.load()))
                .description(what)
                .register(registry);
    }

    private void counter(
            GenerationEngine engine, String name, String what, ToDoubleFunction<GenerationEngine.Load> value) {
        FunctionCounter.builder(name, engine, of -> value.applyAsDouble(of.load()))
                .description(what)
                .register(registry);
    }

    /** Texts that have ended. */
    void answered(List<List<Completion>> ofPrompts) {
        ofPrompts.forEach(texts -> texts.forEach(text -> {
            Counter.builder("moelora.texts")
                    .description("Texts that have ended, by why")
                    .tag("finish", text.finish().name().toLowerCase(Locale.ROOT))
                    .register(registry)
                    .increment();
            if (!text.ids().isEmpty()) {
                firstToken.record(text.firstToken());
            }
        }));
    }

    /**
     * A request that has its answer, or whose client has gone.
     *
     * @param status 0 if nothing was answered
     */
    void request(String endpoint, int status, Duration time) {
        Timer.builder("moelora.request")
                .description("Time of requests")
                .tag("endpoint", endpoint)
                .tag("status", status == 0 ? "gone" : Integer.toString(status))
                .serviceLevelObjectives(BUCKETS)
                .register(registry)
                .record(time);
    }

    /** Everything, as Prometheus reads it. */
    String scrape() {
        return registry.scrape();
    }

    @Override
    public void close() {
        registry.close();
    }
}
