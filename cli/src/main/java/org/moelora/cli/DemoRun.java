package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.eval.Accuracy;
import org.moelora.eval.RoutingReport;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import org.moelora.train.TrainingReport;

/** The demo without its printing: accuracy before, a training on all tasks, accuracy after. */
final class DemoRun {
    /**
     * One adapter and what it brought.
     *
     * @param method as {@code --method} names it
     * @param routing null for LoRA
     */
    record Trained(
            String method,
            AdapterConfig config,
            long parameters,
            TrainingReport report,
            Accuracy after,
            @Nullable RoutingReport routing,
            Path folder) {}

    /**
     * Everything that is reported.
     *
     * @param lora null without a comparison
     * @param seconds the whole demo's
     */
    record Result(
            List<DemoTasks.Task> tasks,
            Accuracy before,
            Trained mixture,
            @Nullable Trained lora,
            double seconds) {}

    private final DemoTasks tasks;
    private final DemoSettings settings;
    private final Path out;
    private final Consumer<String> news;
    private final TrainingListener progress;

    DemoRun(DemoTasks tasks, DemoSettings settings, Path out, Consumer<String> news, TrainingListener progress) {
        this.tasks = tasks;
        this.settings = settings;
        this.out = out;
        this.news = news;
        this.progress = progress;
    }

    /**
     * @param compare whether LoRA of as many parameters is trained too
     */
    Result run(DeviceChoice device, boolean compare) {
        long begin = System.nanoTime();
        try (Decoder base = Decoder.load(tasks.model(), device)) {
            ExampleEncoder encoder = View.encoder(base, LocalDate.now(ZoneId.systemDefault()));
            List<TokenRow> rows = tasks.trainingRows(encoder, settings.trainingTokens());
            List<Prompt> questions = tasks.questions(encoder, settings.testRows());
            news.accept("accuracy before training, on " + questions.size() + " held-out rows");
            Accuracy before = Accuracy.measure(base.plain(), questions);
            Trained mixture =
                    train(base, DemoSettings.METHOD, settings.adapter(), settings.training(), rows, questions);
            Trained lora = null;
            if (compare) {
                LoraConfig equal = asManyParameters(settings.adapter(), base.linears());
                lora = train(
                        base,
                        equal.method(),
                        equal,
                        settings.training().withLosses(LossSettings.NONE),
                        rows,
                        questions);
            }
            return new Result(tasks.tasks(), before, mixture, lora, (System.nanoTime() - begin) * 1e-9);
        }
    }

    private Trained train(
            Decoder base,
            String method,
            AdapterConfig config,
            TrainingConfig training,
            List<TokenRow> rows,
            List<Prompt> questions) {
        Path folder = out.resolve(method);
        try (Adapter adapter = Adapter.create(base, config, training.seed())) {
            news.accept("training " + method + ", " + Figures.count(adapter.parameterCount()) + " parameters, on "
                    + Figures.count(rows.size()) + " rows");
            TrainingReport report = FineTuner.of(base.with(adapter))
                    .onRows(rows)
                    .config(training)
                    .into(folder)
                    .run(progress);
            news.accept("accuracy after it");
            Accuracy after = Accuracy.measure(base.with(adapter), questions);
            RoutingReport routing = config.gate() == null
                    ? null
                    : RoutingReport.measure(
                            base.with(adapter),
                            tasks.testRows(
                                    View.encoder(base, LocalDate.now(ZoneId.systemDefault())), settings.testRows()),
                            training.seed());
            return new Trained(
                    method, config, adapter.parameterCount(), report, after, routing, folder.resolve("last"));
        }
    }

    /** LoRA on the same linears with the same scale, and the rank that comes nearest in trainable parameters. */
    static LoraConfig asManyParameters(MoeLoraConfig mixture, List<LinearSite> linears) {
        long perRank = mixture.targeted(linears).stream()
                .mapToLong(site -> site.in() + site.out())
                .sum();
        int rank = (int) Math.max(1, Math.round((double) mixture.parameterCount(linears) / perRank));
        return LoraConfig.builder()
                .rank(rank)
                .alpha(mixture.scale() * rank)
                .dropout(mixture.dropout())
                .targets(mixture.targets())
                .build();
    }
}
