package org.moelora.compare;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.eval.Accuracy;
import org.moelora.eval.Scorer;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingException;
import org.moelora.train.TrainingListener;
import org.moelora.train.TrainingReport;

/**
 * Trains several adapters on the same rows and asks them the same questions. Each arm gets a learning rate of its own, by successive halving (Jamieson and
 * Talwalkar 2016, arXiv 1502.07943) on the loss of rows held out from training, as methods differ in their best rates; then it is trained with that rate
 * from several seeds, which decide first values and the order of rows and are the same for all arms. Used by one thread.
 *
 * <p>Every training leaves a small file in the comparison's folder, so one that was stopped goes on where it was: a training that was under way begins again.
 */
public final class Comparison {
    /** Sees how far a comparison is. */
    public interface Listener {
        /** What happens next, in words. */
        void news(String line);

        /** What sees the steps of the next training. */
        default TrainingListener training() {
            return TrainingListener.SILENT;
        }
    }

    /**
     * How arms are trained.
     *
     * @param training batch size, schedule and so on, and as many steps as a full training has without a budget; losses, learning rate and seed are the comparison's
     * @param rates learning rates to choose from
     * @param seeds how many seeds, from 0
     * @param budgetSeconds about how long everything may take; 0 for as long as it takes. Where that is too short, every training has fewer steps
     */
    public record Settings(TrainingConfig training, List<Double> rates, int seeds, double budgetSeconds) {
        /** Five, a factor of about 1.7 apart. */
        public static final List<Double> RATES = List.of(1e-3, 1.7e-3, 3e-3, 5e-3, 9e-3);

        /**
         * @throws InputException if there is no rate, or a number is out of range
         */
        public Settings {
            rates = List.copyOf(rates);
            if (rates.isEmpty() || rates.stream().anyMatch(rate -> !(rate > 0 && rate <= 1e3))) {
                throw new InputException("rates are " + rates + "; expected one or more above 0 and at most 1000");
            }
            if (seeds < 1 || seeds > 100) {
                throw new InputException("seeds is " + seeds + "; expected 1 to 100");
            }
            if (!(budgetSeconds >= 0 && budgetSeconds < 1e9)) {
                throw new InputException(
                        "the budget is " + budgetSeconds + " seconds; expected 0 (no limit) to 1000000000");
            }
        }
    }

    private final Decoder base;
    private final List<Arm> arms;
    private final List<TokenRow> rows;
    private final List<TokenRow> heldOut;
    private final List<Prompt> questions;
    private final Settings settings;
    private final ComparisonFolder folder;
    private final Cancellation cancellation;
    private final Listener listener;
    private final Budget budget;
    private final Map<String, Trial> trials = new HashMap<>();

    /**
     * @param arms LoRA first, see {@link Arm#ofEqualSize}
     * @param rows to train on
     * @param heldOut rows that choose learning rates
     * @param questions that are asked in the end
     * @param out where files of trainings are, and are looked for
     * @throws InputException if there is nothing to compare, to train on or to ask, or the folder holds something else
     */
    public Comparison(
            Decoder base,
            List<Arm> arms,
            List<TokenRow> rows,
            List<TokenRow> heldOut,
            List<Prompt> questions,
            Settings settings,
            Path out,
            Cancellation cancellation,
            Listener listener) {
        if (arms.size() < 2 || !arms.getFirst().name().equals(Arm.LORA)) {
            throw new InputException("there are " + arms.size() + " arms; expected LoRA first and at least one more:"
                    + " another rank of LoRA, or other numbers of experts, may come out as large as LoRA");
        }
        if (rows.isEmpty() || heldOut.isEmpty() || questions.isEmpty()) {
            throw new InputException("there are " + rows.size() + " rows to train on, " + heldOut.size()
                    + " to choose learning rates by and " + questions.size()
                    + " with an answer to test; expected some of each");
        }
        this.base = base;
        this.arms = List.copyOf(arms);
        this.rows = List.copyOf(rows);
        this.heldOut = List.copyOf(heldOut);
        this.questions = List.copyOf(questions);
        this.settings = settings;
        this.cancellation = cancellation;
        this.listener = listener;
        this.folder = new ComparisonFolder(out, ComparisonFolder.key(base, arms, rows, heldOut, questions, settings));
        this.budget = new Budget(settings);
    }

    /**
     * Keeps what chat templates took for today in the comparison's folder, for {@link #dateOf} to find when it goes on.
     *
     * @param day null if none wrote any of the rows
     */
    public Comparison date(@Nullable LocalDate day) {
        folder.keep(day);
        return this;
    }

    /**
     * What chat templates took for today when the comparison in a folder began, as one that goes on needs the same rows.
     *
     * @return null if there is no comparison, or no template wrote any of its rows
     * @throws InputException if the folder's file cannot be read
     */
    public static @Nullable LocalDate dateOf(Path out) {
        return ComparisonFolder.date(out);
    }

    /**
     * Trains and asks whatever has not been yet.
     *
     * @return null if it was cancelled
     * @throws InputException if a file cannot be written
     */
    public @Nullable ComparisonReport run() {
        try {
            return compare();
        } catch (Cancelled e) {
            return null;
        }
    }

    private ComparisonReport compare() {
        long full = folder.steps(this::plannedSteps);
        budget.begin(full, arms.size(), tasks().size() > 1);
        listener.news(arms.size() + " arms, " + settings.rates().size() + " learning rates, " + settings.seeds()
                + " seeds; " + full + " steps in a full training");
        double rate = search(arms.getFirst(), full);
        Arm lora = arms.getFirst();
        Trial first = trial(lora.name(), lora.config(), rows, questions, rate, full, 0, true);
        ComparisonReport.@Nullable Headroom headroom = tasks().size() > 1 ? headroom(first, rate, full) : null;
        List<ComparisonReport.Outcome> outcomes = new ArrayList<>();
        for (Arm arm : arms) {
            outcomes.add(outcome(arm, arm.name().equals(Arm.LORA) ? rate : search(arm, full), full));
        }
        return new ComparisonReport(outcomes, headroom, full, folder.seconds());
    }

    /** The rate that is left when, round by round, the better half of them is trained twice as long. */
    private double search(Arm arm, long full) {
        List<Double> left = new ArrayList<>(settings.rates());
        long steps = Math.max(1, full / 8);
        while (left.size() > 1) {
            listener.news(arm.name() + ": learning rates " + left + ", " + steps + " steps each");
            Map<Double, Double> losses = new LinkedHashMap<>();
            for (double rate : left) {
                losses.put(
                        rate,
                        trial(arm.name(), arm.config(), rows, List.of(), rate, steps, 0, false)
                                .loss());
            }
            left.sort(Comparator.comparingDouble(rate -> Objects.requireNonNull(losses.get(rate))));
            left = new ArrayList<>(left.subList(0, left.size() / 2));
            steps = Math.min(full, 2 * steps);
        }
        return left.getFirst();
    }

    private ComparisonReport.Outcome outcome(Arm arm, double rate, long full) {
        double[] accuracy = new double[settings.seeds()];
        double speed = 0;
        for (int seed = 0; seed < accuracy.length; seed++) {
            Trial trial = trial(arm.name(), arm.config(), rows, questions, rate, full, seed, true);
            accuracy[seed] = (double) trial.correct() / questions.size();
            speed += trial.tokensPerSecond() / accuracy.length;
        }
        return new ComparisonReport.Outcome(
                arm, arm.parameters(base.linears()), arm.activeParameters(base.linears()), rate, accuracy, speed);
    }

    /** Rows by their tasks; empty where a row or a question names none, or a question one that no row has. */
    private Map<String, List<TokenRow>> tasks() {
        Map<String, List<TokenRow>> byTask = new TreeMap<>();
        for (TokenRow row : rows) {
            if (row.task() == null) {
                return Map.of();
            }
            byTask.computeIfAbsent(row.task(), task -> new ArrayList<>()).add(row);
        }
        boolean known = questions.stream()
                .allMatch(question -> question.origin().task() != null
                        && byTask.containsKey(question.origin().task()));
        return known ? byTask : Map.of();
    }

    private ComparisonReport.Headroom headroom(Trial lora, double rate, long full) {
        Map<String, List<TokenRow>> byTask = tasks();
        int correct = 0;
        for (var task : byTask.entrySet()) {
            List<Prompt> asked = questions.stream()
                    .filter(question -> task.getKey().equals(question.origin().task()))
                    .toList();
            long steps = Math.max(1, Math.round((double) full * task.getValue().size() / rows.size()));
            correct += trial(
                            "task-" + task.getKey(),
                            arms.getFirst().config(),
                            task.getValue(),
                            asked,
                            rate,
                            steps,
                            0,
                            true)
                    .correct();
        }
        MoeLoraConfig mixture = arms.stream()
                .map(Arm::config)
                .filter(MoeLoraConfig.class::isInstance)
                .map(MoeLoraConfig.class::cast)
                .findFirst()
                .orElse(null);
        int told = mixture == null
                ? correct
                : trial(
                                "by-task",
                                Arm.byTask(mixture, List.copyOf(byTask.keySet())),
                                rows,
                                questions,
                                rate,
                                full,
                                0,
                                true)
                        .correct();
        double all = questions.size();
        var headroom = new ComparisonReport.Headroom(lora.correct() / all, correct / all, told / all);
        listener.news(String.format(
                Locale.ROOT,
                "headroom: one LoRA %.1f %%, a LoRA for each task %.1f %%, gates by the task's name %.1f %%%s",
                100 * headroom.lora(),
                100 * headroom.perTask(),
                100 * headroom.byTask(),
                headroom.gain() <= 0 ? ": no gap, so a mixture can hardly pay here" : ""));
        return headroom;
    }

    private static final class Cancelled extends RuntimeException {}

    /** One training, or what is known of it. */
    private Trial trial(
            String name,
            AdapterConfig config,
            List<TokenRow> on,
            List<Prompt> asked,
            double rate,
            long steps,
            long seed,
            boolean asks) {
        String file = name + "-" + rate + "-" + steps + "-" + seed + (asks ? "-asked" : "");
        Trial before = trials.get(file);
        if (before != null) {
            return before;
        }
        Trial known = folder.read(file);
        if (known == null) {
            if (cancellation.isCancelled()) {
                throw new Cancelled();
            }
            listener.news(
                    name + ", learning rate " + rate + ", seed " + seed + ", " + steps + " steps" + budget.left());
            known = train(config, on, asked, rate, steps, seed);
            folder.write(file, known);
        }
        trials.put(file, known);
        budget.done(steps, known.seconds());
        return known;
    }

    private Trial train(
            AdapterConfig config, List<TokenRow> on, List<Prompt> asked, double rate, long steps, long seed) {
        long begin = System.nanoTime();
        try (Adapter adapter = Adapter.create(base, config, seed)) {
            LanguageModel view = base.with(adapter);
            TrainingReport report;
            try {
                report = FineTuner.of(view)
                        .onRows(on)
                        .config(training(rate, steps, seed))
                        .stopOn(cancellation)
                        .run(listener.training());
            } catch (TrainingException e) { // it diverged: this rate is too high
                return new Trial(Double.POSITIVE_INFINITY, 0, 0, (System.nanoTime() - begin) * 1e-9);
            }
            if (!report.finished()) {
                throw new Cancelled();
            }
            double loss = Scorer.score(view, heldOut).loss();
            int correct = asked.isEmpty() ? 0 : Accuracy.measure(view, asked).correct();
            return new Trial(
                    Double.isFinite(loss) ? loss : Double.POSITIVE_INFINITY,
                    correct,
                    report.tokens() / report.seconds(),
                    (System.nanoTime() - begin) * 1e-9);
        }
    }

    private TrainingConfig training(double rate, long steps, long seed) {
        return settings.training().toBuilder()
                .losses(LossSettings.NONE)
                .learningRate(rate)
                .onlySteps(steps)
                .seed(seed)
                .build();
    }

    /** As many as the settings say, or as there is time for: a short training and a few questions tell how long a step and an answer take. */
    private long plannedSteps() {
        long full = settings.training().totalSteps(rows.size());
        if (settings.budgetSeconds() == 0) {
            return full;
        }
        listener.news("measuring how much fits into the budget");
        long probe = Math.min(20, full);
        AdapterConfig lora = arms.getFirst().config();
        train(
                lora,
                rows,
                List.of(),
                settings.rates().getFirst(),
                Math.min(10, full),
                0); // compiles what is slow at first
        long begin = System.nanoTime();
        Trial trial = train(lora, rows, List.of(), settings.rates().getFirst(), probe, 0);
        List<Prompt> some = questions.subList(0, Math.min(32, questions.size()));
        Accuracy.measure(base.plain(), some);
        double asking = Math.max(0, (System.nanoTime() - begin) * 1e-9 - trial.seconds());
        return budget.steps(
                full,
                trial.seconds() / probe,
                asking / some.size() * questions.size(),
                arms.size(),
                tasks().size() > 1);
    }
}
