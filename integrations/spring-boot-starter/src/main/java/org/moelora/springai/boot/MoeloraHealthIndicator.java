package org.moelora.springai.boot;

import org.moelora.model.GenerationEngine;
import org.moelora.model.LanguageModel;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** Up while the base and every adapter can be used, with what the engine is doing. Writes no text. */
final class MoeloraHealthIndicator implements HealthIndicator {
    private final GenerationEngine engine;
    private final MoeloraViews views;

    MoeloraHealthIndicator(GenerationEngine engine, MoeloraViews views) {
        this.engine = engine;
        this.views = views;
    }

    @Override
    public Health health() {
        try {
            for (LanguageModel view : views.all().values()) {
                view.enter().close();
            }
        } catch (IllegalStateException e) {
            return Health.down(e).build();
        }
        GenerationEngine.Load load = engine.load();
        return Health.up()
                .withDetail("models", views.all().keySet())
                .withDetail("running", load.running())
                .withDetail("waiting", load.waiting())
                .withDetail("cacheBytes", load.cacheBytes())
                .withDetail("promptTokens", load.promptTokens())
                .withDetail("completionTokens", load.completionTokens())
                .build();
    }
}
