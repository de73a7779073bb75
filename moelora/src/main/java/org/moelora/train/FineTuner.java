package org.moelora.train;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.TaskHeads;
import org.moelora.data.Batch;
import org.moelora.data.BatchOrder;
import org.moelora.data.EncodedExamples;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.optim.AdamW;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.model.MemoryPlan;

/**
 * Trains the adapter of a view; the base is never written. Set it up, then {@link #run}. With the same seed, data and settings the adapter's bytes
 * are the same, whatever the number of threads. Used by one thread; two trainings must not share an adapter.
 */
public final class FineTuner {
    private static final System.Logger LOG = System.getLogger(FineTuner.class.getName());
    private static final int MEASURED_STEPS = 64;

    private final LanguageModel model;
    private final Adapter adapter;
    private List<TokenRow> rows = List.of();
    private List<TokenRow> heldOut = List.of();
    private List<Examples.Source> sources = List.of();
    private List<Examples.Source> heldOutSources = List.of();
    private @Nullable Examples examples;
    private @Nullable LocalDate today;
    private @Nullable LocalDate date;
    private @Nullable LocalDate heldOutDate;
    private @Nullable TrainingConfig given;
    private @Nullable Double epochs;
    private @Nullable Path folder;
    private @Nullable String settings;
    private @Nullable RunRecord record;
    private CheckpointPolicy checkpoints = CheckpointPolicy.DEFAULT;
    private boolean skipBadRows;
    private Cancellation cancellation = new Cancellation();
    private long maxMemory;
    private boolean saidLengths;

    private FineTuner(LanguageModel model, Adapter adapter) {
        this.model = model;
        this.adapter = adapter;
    }

    /**
     * @param model a view with an adapter
     */
    public static FineTuner of(LanguageModel model) {
        Adapter adapter = model.adapter();
        if (adapter == null) {
            throw new IllegalArgumentException("this view has no adapter to train");
        }
        return new FineTuner(model, adapter);
    }

    private LossSettings defaultLosses() {
        return adapter.config().losses();
    }

    /**
     * Trains on examples, encoded with the decoder's tokenizer and not cut: answers carry loss, prompts do not. What a chat template takes for today is
     * the day of {@link #date}, else the date with which a resumed run began, else the current date.
     */
    public FineTuner on(Examples data) {
        Decoder decoder = model.decoder();
        ExampleEncoder encoder = new ExampleEncoder(
                        decoder.tokenizer(), decoder.config().vocabularySize())
                .withChatTemplate(decoder::chatTemplate);
        LocalDate begun = record == null ? null : record.date();
        LocalDate day = today == null ? begun : today;
        on((day == null ? encoder : encoder.withDate(day)).encodeAll(data));
        examples = data;
        return this;
    }

    /** What a chat template takes for today when it writes the conversations of {@link #on(Examples)}; kept in {@code run.json}. */
    public FineTuner date(LocalDate day) {
        today = day;
        return examples == null ? this : on(examples);
    }

    /** Trains on examples that are encoded already. */
    public FineTuner on(EncodedExamples encoded) {
        onRows(encoded.rows());
        sources = encoded.sources();
        date = encoded.date();
        return this;
    }

    /** Trains on rows of tokens. */
    public FineTuner onRows(List<TokenRow> data) {
        rows = List.copyOf(data);
        examples = null;
        date = null;
        sources = List.of();
        return this;
    }

    /** Evaluates on these examples now and then. */
    public FineTuner evaluateOn(EncodedExamples encoded) {
        evaluateOn(encoded.rows());
        heldOutSources = encoded.sources();
        heldOutDate = encoded.date();
        return this;
    }

    /** Evaluates on these rows now and then. */
    public FineTuner evaluateOn(List<TokenRow> data) {
        heldOut = List.copyOf(data);
        heldOutDate = null;
        heldOutSources = List.of();
        return this;
    }

    /**
     * How to train.
     *
     * @throws IllegalStateException if {@link #epochs} was called before, which this would discard
     */
    public FineTuner config(TrainingConfig value) {
        if (epochs != null) {
            throw new IllegalStateException("epochs(" + epochs + ") would be discarded by config(...); expected"
                    + " config(...) before epochs(...), or the epochs in the configuration");
        }
        given = value;
        return this;
    }

    private TrainingConfig config() {
        TrainingConfig config = chosenConfig();
        config.losses().check(adapter.config());
        return config;
    }

    private TrainingConfig chosenConfig() {
        TrainingConfig asked = asked();
        if (asked != null) {
            return asked;
        }
        return record == null ? defaultConfig() : record.training();
    }

    private TrainingConfig defaultConfig() {
        return TrainingConfig.builder().losses(defaultLosses()).build();
    }

    /** The configuration that was asked for, null if none was. */
    private @Nullable TrainingConfig asked() {
        if (epochs == null) {
            return given;
        }
        TrainingConfig config = given != null ? given : record == null ? defaultConfig() : record.training();
        return config.withEpochs(epochs);
    }

    /**
     * That many passes over the data; the rest is as {@link #config} says, or as it is by default.
     *
     * @throws InputException if it is out of range
     * @throws IllegalStateException if the configuration counts steps, which this would discard
     */
    public FineTuner epochs(double value) {
        TrainingConfig config = given != null ? given : defaultConfig();
        if (config.steps() != null) {
            throw new IllegalStateException("epochs(" + value + ") would discard the " + config.steps()
                    + " steps of the configuration; expected one of them");
        }
        config.withEpochs(value);
        epochs = value;
        return this;
    }

    /**
     * Refuses a folder for a run that {@link #into(Path)} would, so that a program can ask before it does anything else.
     *
     * @throws InputException if the folder holds a run, or anything of a name that a run writes, or cannot be written
     */
    public static void checkFolder(Path out) {
        RunFolder.check(out);
    }

    /**
     * Keeps the run in a folder that holds none yet: checkpoints, {@code metrics.jsonl}, with held-out rows {@code best/}, and at the end
     * {@code last/}. Nothing is made before {@link #run}.
     *
     * @throws InputException if the folder holds a run, or anything of a name that a run writes, or cannot be written
     * @throws IllegalStateException if there is a folder already
     */
    public FineTuner into(Path out) {
        checkNoFolder("into(" + out + ")");
        RunFolder.check(out);
        folder = out;
        return this;
    }

    private void checkNoFolder(String call) {
        if (folder != null) {
            throw new IllegalStateException((record == null ? "into(" : "resume(") + folder + ") would be discarded by "
                    + call + "; expected one folder");
        }
    }

    /** {@link #into(Path)}, and keeps a text beside the adapters as {@code run.yaml}: how to do the same again. */
    public FineTuner into(Path out, String yaml) {
        settings = yaml;
        return into(out);
    }

    /**
     * Goes on with a run from its newest whole checkpoint, to the bytes that it would have made without a stop. The configuration is the run's; the
     * base, the kind of adapter and the rows have to be those that it began with. What this adapter holds is replaced. A run that is
     * finished already is left as it is.
     *
     * @param run its folder
     * @throws InputException if there is no run
     * @throws IllegalStateException if there is a folder already
     */
    public FineTuner resume(Path run) {
        checkNoFolder("resume(" + run + ")");
        record = RunRecord.read(run);
        folder = run;
        return examples == null ? this : on(examples);
    }

    /** When checkpoints are written, if there is a folder. */
    public FineTuner checkpoints(CheckpointPolicy policy) {
        checkpoints = policy;
        return this;
    }

    /**
     * Leaves rows out that make NaN or infinite values, instead of ending the training there. They are listed in the report, and in
     * {@code skipped.jsonl} of the run's folder.
     */
    public FineTuner skipBadRows(boolean skip) {
        skipBadRows = skip;
        return this;
    }

    /** Lets another thread stop the training: after its step it writes a checkpoint, and {@link #run} returns. */
    public FineTuner stopOn(Cancellation asked) {
        cancellation = asked;
        return this;
    }

    /**
     * Refuses to run, before anything is made, if {@link #memory} is more than so many bytes; without this, if it is more than this process may still take
     * from the system.
     *
     * @param bytes 0 for what the system has
     */
    public FineTuner maxMemory(long bytes) {
        maxMemory = bytes;
        return this;
    }

    /**
     * The most memory that {@link #run} takes at a time: in a step on the longest rows together, which is as much as any order of the rows can
     * ask for, or in the evaluation. It is rehearsed: nothing is computed and no parameter is touched.
     *
     * @throws InputException if there are no rows to train on
     */
    public MemoryPlan memory() {
        return trainingMemory().plan();
    }

    /**
     * Refuses a run for which there is no room, as {@link #run} does.
     *
     * @return {@link #memory}
     * @throws InputException if it is more than {@link #maxMemory} allows, or there are no rows to train on
     */
    public MemoryPlan checkMemory() {
        return trainingMemory().require(maxMemory);
    }

    private TrainingMemory trainingMemory() {
        checkRows();
        checkLengths();
        checkTasks();
        return new TrainingMemory(model, config(), rows, heldOut);
    }

    /**
     * What {@link #run} would take, from its first steps, done over and over for a few seconds until they are no longer getting faster; no parameter is
     * changed and nothing is written.
     *
     * @throws InputException if there are no rows to train on, or not enough memory
     */
    public TrainingPlan plan() {
        MemoryPlan memory = checkMemory();
        TrainingConfig config = config();
        long steps = config.totalSteps(rows.size());
        BatchOrder order = new BatchOrder(rows.size(), config.batchSize(), config.shuffle(), config.seed());
        long tokens = 0;
        List<List<Batch>> first = new ArrayList<>();
        for (long step = 1; step <= steps; step++) {
            List<Batch> batches = TrainingLoop.batches(order, rows, config.gradAccumulation(), step, Set.of());
            tokens += tokens(batches);
            if (first.size() < MEASURED_STEPS) {
                first.add(batches);
            }
        }
        double secondsPerToken = first.isEmpty() ? 0 : secondsPerToken(config, first);
        return new TrainingPlan(steps, tokens, adapter.parameters().count(), memory, secondsPerToken * tokens);
    }

    private static long tokens(List<Batch> batches) {
        return batches.stream().mapToLong(Batch::tokens).sum();
    }

    /** Of steps as {@link #run} does them, but that the learning rate is 0 and so no parameter moves. */
    private double secondsPerToken(TrainingConfig config, List<List<Batch>> steps) {
        ParameterBlock parameters = adapter.parameters();
        parameters.startTraining();
        try (AdamW optimizer = new AdamW(parameters, AdamW.Config.DEFAULT)) {
            return Pace.secondsPerToken(System::nanoTime, pass -> {
                List<Batch> batches = steps.get(pass % steps.size());
                parameters.clearGradients();
                TrainingStep.backward(model, batches, config.losses(), config.seed(), 0, config.recompute());
                optimizer.clip(config.clip());
                optimizer.step(0);
                return tokens(batches);
            });
        } finally {
            parameters.stopTraining();
        }
    }

    private void checkRows() {
        if (rows.isEmpty()) {
            throw new InputException("there are no rows to train on; expected at least one with a label");
        }
    }

    private void checkTasks() {
        double weight = config().losses().taskWeight();
        List<String> tasks = new TaskHeads(rows.stream().map(TokenRow::task).toList()).tasks();
        if (weight > 0 && tasks.size() < 2) {
            throw new InputException("task-weight is " + weight + ", and the rows to train on name "
                    + (tasks.isEmpty() ? "no task" : "the task \"" + tasks.getFirst() + "\" alone")
                    + "; expected rows of at least two tasks, or task-weight 0");
        }
    }

    /** A model that turns queries and keys by their positions can read on, though it was not made for it. */
    private void checkLengths() {
        String said = longRows();
        if (said == null || saidLengths) {
            return;
        }
        saidLengths = true;
        int most = model.decoder().config().maxPositions();
        if (model.decoder().config().design().learnedPositions()) {
            throw new InputException(said + "; expected rows that are cut or left out, as by --max-length " + most);
        }
        LOG.log(
                System.Logger.Level.WARNING,
                () -> said + "; they are learned as they are, and --max-length " + most + " would cut them");
    }

    /** How many rows are longer than the model was made for, and the first of them; null if none is. */
    @Nullable String longRows() {
        int most = model.decoder().config().maxPositions();
        List<TokenRow> tooLong = Stream.concat(rows.stream(), heldOut.stream())
                .filter(row -> row.length() > most)
                .toList();
        if (tooLong.isEmpty()) {
            return null;
        }
        TokenRow first = tooLong.getFirst();
        return tooLong.size() + " of " + (rows.size() + heldOut.size()) + " rows have more tokens than the " + most
                + " that the model has positions for, the first " + first.where() + " with " + first.length();
    }

    /** {@link #run(TrainingListener)} without a listener. */
    public TrainingReport run() {
        return run(TrainingListener.SILENT);
    }

    /**
     * Trains to the end, or until it is cancelled.
     *
     * @throws InputException if there are no rows to train on, not enough memory, or the folder cannot be written; for a run that goes on, if the
     *     base, the adapter, the rows or the configuration are not the run's
     * @throws TrainingException if the loss or the gradient is no longer a number, naming the step, the rows and where in the model it shows first;
     *     or if the folder can no longer be written. The run's folder then stands at its last checkpoint, from which it can be resumed, and
     *     the adapter is left as the last step made it
     */
    public TrainingReport run(TrainingListener listener) {
        checkMemory();
        List<Examples.Source> files = new ArrayList<>(new LinkedHashSet<>(sources));
        heldOutSources.stream().filter(file -> !files.contains(file)).forEach(files::add);
        RunRecord.Inputs inputs =
                new RunRecord.Inputs(model, adapter, config(), rows, heldOut, files, date == null ? heldOutDate : date);
        TrainingLoop.Conduct conduct = new TrainingLoop.Conduct(checkpoints, skipBadRows, cancellation);
        Path out = folder;
        if (out == null) {
            return new TrainingLoop(inputs, conduct, null, listener).run(null);
        }
        RunRecord begun = record;
        if (begun != null) {
            begun.check(out, asked(), inputs);
        }
        try (RunFolder run = begun == null ? RunFolder.create(out, settings) : RunFolder.open(out)) {
            return new TrainingLoop(inputs, conduct, run, listener).run(begun == null ? () -> run.begin(inputs) : null);
        }
    }
}
