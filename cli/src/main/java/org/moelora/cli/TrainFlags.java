package org.moelora.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.LongRows;
import org.moelora.engine.InputException;
import org.moelora.train.CheckpointPolicy;
import org.moelora.train.TrainingConfig;
import org.moelora.train.WarmUp;
import picocli.CommandLine.Option;

/**
 * The flags of {@code moelora train}. A flag that is null was not given: what it then means depends on {@code --init-adapter} and on the method.
 */
final class TrainFlags {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            required = true,
            description = "The checkpoint: a Hugging Face folder. It is only read.")
    private @Nullable Path model;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            required = true,
            description = "Rows to learn: JSON Lines, or a JSON array.")
    private @Nullable List<Path> data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "The run's folder: settings, metrics.jsonl, checkpoints/, best/ and last/; must not hold a run yet.")
    private @Nullable Path out;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Go on with the run in this folder, with its settings, instead of beginning one.")
    private @Nullable Path resume;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "0",
            description = "A checkpoint every N steps: 0 (off). There is always one where the run ends or is stopped.")
    private long checkpointEvery;

    @Option(
            names = "--checkpoint-minutes",
            paramLabel = "X",
            defaultValue = "10",
            description = "A checkpoint every X minutes: 10; 0 is off.")
    private double checkpointMinutes;

    @Option(names = "--keep", paramLabel = "N", defaultValue = "2", description = "Checkpoints that are kept: 2.")
    private int keep;

    @Option(names = "--method", paramLabel = "NAME", description = "moelora (default) or lora.")
    private @Nullable String method;

    @Option(names = "--experts", paramLabel = "E", description = "Experts per linear: 8.")
    private @Nullable Integer experts;

    @Option(names = "--top-k", paramLabel = "K", description = "Experts per token: 2.")
    private @Nullable Integer topK;

    @Option(names = "--rank", paramLabel = "R", description = "Rank, of one expert: 4.")
    private @Nullable Integer rank;

    @Option(names = "--alpha", paramLabel = "A", description = "The update is scaled by alpha / rank: 8.")
    private @Nullable Double alpha;

    @Option(names = "--dropout", paramLabel = "P", description = "Dropout before the adapter: 0 (off).")
    private @Nullable Double dropout;

    @Option(
            names = "--targets",
            paramLabel = "LIST",
            description =
                    "Adapted linears: q_proj,v_proj; of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.")
    private @Nullable String targets;

    @Option(
            names = "--gate",
            paramLabel = "NAME",
            description = "top-k (default): the chosen experts' shares add up to 1; top-k-raw: they do not.")
    private @Nullable String gate;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data: 3. Not with --steps.")
    private @Nullable Double epochs;

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps. Not with --epochs.")
    private @Nullable Long steps;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "8", description = "Rows per batch: 8.")
    private int batchSize;

    @Option(
            names = "--grad-accumulation",
            paramLabel = "N",
            defaultValue = "1",
            description = "Batches per optimizer step: 1.")
    private int gradAccumulation;

    @Option(names = "--max-length", paramLabel = "N", defaultValue = "512", description = "Most tokens of a row: 512.")
    private int maxLength;

    @Option(
            names = "--long-rows",
            paramLabel = "NAME",
            defaultValue = "cut",
            description = "What becomes of longer rows: cut (default), skip or refuse.")
    private String longRows = "cut";

    @Option(
            names = "--skip-bad-rows",
            description = "Leave rows out that make values which are not finite, and list them, instead of stopping.")
    private boolean skipBadRows;

    @Option(
            names = "--recompute",
            description =
                    "Run layers again in the backward pass instead of keeping them: the same adapter, less memory, more time.")
    private boolean recompute;

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            defaultValue = "3e-4",
            description = "Peak learning rate: 3e-4.")
    private double learningRate;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            defaultValue = "cosine",
            description = "cosine (default), linear or constant, after the warm-up.")
    private String schedule = "cosine";

    @Option(
            names = "--warmup",
            paramLabel = "N|P%",
            defaultValue = "3%",
            description = "Warm-up of the learning rate, in steps or per cent of them: 3%%; 0 is off.")
    private String warmUp = "3%";

    @Option(names = "--weight-decay", paramLabel = "X", defaultValue = "0", description = "AdamW's weight decay: 0.")
    private double weightDecay;

    @Option(
            names = "--clip",
            paramLabel = "X",
            defaultValue = "1.0",
            description = "Largest norm of the gradient: 1.0; 0 is off.")
    private double clip;

    @Option(names = "--balance-weight", paramLabel = "X", description = "Weight of the load-balance loss: 0.01.")
    private @Nullable Double balanceWeight;

    @Option(names = "--contrast-weight", paramLabel = "X", description = "Weight of the contrastive loss: 0.01.")
    private @Nullable Double contrastWeight;

    @Option(names = "--contrast-temperature", paramLabel = "X", description = "Its temperature: 0.1.")
    private @Nullable Double contrastTemperature;

    @Option(
            names = "--contrast-warmup",
            paramLabel = "N|P%",
            description = "Warm-up of its weight, in steps or per cent of them: 10%%; 0 is off.")
    private @Nullable String contrastWarmUp;

    @Option(
            names = "--max-pairs",
            paramLabel = "N",
            description = "Most pairs of token and expert that it compares per linear: 512.")
    private @Nullable Integer maxPairs;

    @Option(
            names = "--eval-data",
            paramLabel = "FILE",
            description = "Held-out rows to evaluate on. Without this or --eval-split: no evaluation.")
    private @Nullable Path evalData;

    @Option(
            names = "--eval-split",
            paramLabel = "SHARE",
            description = "Hold out this share of --data instead, e.g. 0.05, chosen by the seed.")
    private @Nullable Double evalSplit;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "Steps between evaluations; by default one at the end of each epoch.")
    private @Nullable Long evalEvery;

    @Option(
            names = "--init-adapter",
            paramLabel = "DIR",
            description =
                    "Go on from this adapter, which fixes method, experts, top-k, rank, alpha, dropout, targets and gate.")
    private @Nullable Path initAdapter;

    @Option(names = "--no-shuffle", description = "Rows in the order of the files, in each epoch.")
    private boolean noShuffle;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Same seed, same adapter: 0.")
    private long seed;

    @Option(
            names = "--dry-run",
            description = "Show what would be trained on and what it would take; train nothing, write nothing.")
    private boolean dryRun;

    Path model() {
        return Flags.given("--model", model);
    }

    List<Path> data() {
        return Flags.given("--data", data);
    }

    Path out() {
        return Flags.given("--out", out);
    }

    @Nullable Path initAdapter() {
        return initAdapter;
    }

    @Nullable Path evalData() {
        return evalData;
    }

    @Nullable Double evalSplit() {
        return evalSplit;
    }

    /** The run to go on with, or null. */
    @Nullable Path resume() {
        return resume;
    }

    CheckpointPolicy checkpoints() {
        return new CheckpointPolicy(checkpointEvery, checkpointMinutes, keep);
    }

    boolean skipBadRows() {
        return skipBadRows;
    }

    int maxLength() {
        return maxLength;
    }

    LongRows longRows() {
        return LongRows.parse("--long-rows", longRows);
    }

    long seed() {
        return seed;
    }

    boolean dryRun() {
        return dryRun;
    }

    /** Refuses flags that rule each other out, before any file is read. */
    void check() {
        if (epochs != null && steps != null) {
            throw new InputException("--epochs and --steps are both given; expected one of them");
        }
        if (evalData != null && evalSplit != null) {
            throw new InputException("--eval-data and --eval-split are both given; expected one of them");
        }
        if (evalSplit != null && !(evalSplit > 0 && evalSplit < 1)) {
            throw new InputException("--eval-split is " + evalSplit + "; expected a share between 0 and 1");
        }
        if (evalEvery != null && evalData == null && evalSplit == null) {
            throw new InputException(
                    "--eval-every is given without rows to evaluate on; expected --eval-data or --eval-split with it");
        }
        if (maxLength < 2) {
            throw new InputException(
                    "--max-length is " + maxLength + "; expected at least 2, as the first token is never predicted");
        }
        longRows();
        checkpoints();
        if (resume != null && dryRun) {
            throw new InputException("--resume and --dry-run are both given; expected one of them");
        }
        if (!dryRun) {
            out();
        }
    }

    /**
     * What the adapter is made of.
     *
     * @param start the adapter to go on from, or null
     */
    AdapterConfig adapter(@Nullable AdapterSummary start) {
        if (start != null) {
            return startingFrom(start.config());
        }
        List<String> linears = linears(Flags.or(targets, "q_proj,v_proj"));
        int r = Flags.or(rank, 4);
        double a = Flags.or(alpha, 8.0);
        double p = Flags.or(dropout, 0.0);
        return switch (Flags.or(method, "moelora")) {
            case "moelora" ->
                new MoeLoraConfig(Flags.or(experts, 8), Flags.or(topK, 2), r, a, false, renormalise(), p, linears);
            case "lora" -> {
                refuseMixtureFlags();
                yield new LoraConfig(r, a, false, p, linears);
            }
            default -> throw new InputException("--method is \"" + method + "\"; expected moelora or lora");
        };
    }

    private boolean renormalise() {
        return switch (Flags.or(gate, "top-k")) {
            case "top-k" -> true;
            case "top-k-raw" -> false;
            default -> throw new InputException("--gate is \"" + gate + "\"; expected top-k or top-k-raw");
        };
    }

    private static List<String> linears(String list) {
        return Arrays.stream(list.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
    }

    private AdapterConfig startingFrom(AdapterConfig has) {
        same("--method", method, has.method());
        same("--rank", rank, has.rank());
        same("--alpha", alpha, has.alpha());
        same("--dropout", dropout, has.dropout());
        if (targets != null && !Set.copyOf(linears(targets)).equals(Set.copyOf(has.targets()))) {
            throw contradiction("--targets", targets, String.join(",", has.targets()));
        }
        if (has instanceof MoeLoraConfig mixture) {
            same("--experts", experts, mixture.experts());
            same("--top-k", topK, mixture.topK());
            same("--gate", gate, mixture.gate().id());
        } else {
            refuseMixtureFlags();
        }
        return has;
    }

    private <T> void same(String flag, @Nullable T given, T has) {
        if (given != null && !given.equals(has)) {
            throw contradiction(flag, given, has);
        }
    }

    private InputException contradiction(String flag, Object given, Object has) {
        return new InputException(flag + " is " + given + ", and --init-adapter " + initAdapter + " has " + has
                + "; expected the same, or no " + flag);
    }

    private void refuseMixtureFlags() {
        Map<String, @Nullable Object> flags = new LinkedHashMap<>();
        flags.put("--experts", experts);
        flags.put("--top-k", topK);
        flags.put("--gate", gate);
        flags.put("--balance-weight", balanceWeight);
        flags.put("--contrast-weight", contrastWeight);
        flags.put("--contrast-temperature", contrastTemperature);
        flags.put("--contrast-warmup", contrastWarmUp);
        flags.put("--max-pairs", maxPairs);
        flags.forEach((flag, value) -> {
            if (value != null) {
                throw new InputException(
                        flag + " is for a mixture of experts; expected no " + flag + " with the method lora");
            }
        });
    }

    /** How that adapter is trained. */
    TrainingConfig training(AdapterConfig adapter) {
        LossSettings d = LossSettings.DEFAULT;
        LossSettings losses = adapter instanceof LoraConfig
                ? LossSettings.NONE
                : new LossSettings(
                        Flags.or(balanceWeight, d.balanceWeight()),
                        Flags.or(contrastWeight, d.contrastWeight()),
                        Flags.or(contrastTemperature, d.contrastTemperature()),
                        Flags.or(maxPairs, d.maxPairs()));
        return TrainingConfig.builder()
                .losses(losses)
                .contrastWarmUp(WarmUp.parse("--contrast-warmup", Flags.or(contrastWarmUp, "10%")))
                .epochs(Flags.or(epochs, 3.0))
                .steps(steps)
                .batchSize(batchSize)
                .gradAccumulation(gradAccumulation)
                .learningRate(learningRate)
                .schedule(schedule)
                .warmUp(WarmUp.parse("--warmup", warmUp))
                .weightDecay(weightDecay)
                .clip(clip)
                .evalEvery(Flags.or(evalEvery, 0L))
                .recompute(recompute)
                .shuffle(!noShuffle)
                .seed(seed)
                .build();
    }

    /** So that the run goes on from any folder. */
    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    /** All flags as they came out: {@code run.yaml}. */
    Map<String, Object> resolved(AdapterConfig adapter, TrainingConfig training) {
        Map<String, Object> flags = new LinkedHashMap<>();
        flags.put("model", absolute(model()));
        flags.put("data", data().stream().map(TrainFlags::absolute).toList());
        flags.put("out", absolute(out()));
        if (initAdapter != null) {
            flags.put("init-adapter", absolute(initAdapter));
        }
        flags.put("method", adapter.method());
        if (adapter instanceof MoeLoraConfig mixture) {
            flags.put("experts", mixture.experts());
            flags.put("top-k", mixture.topK());
            flags.put("gate", mixture.gate().id());
        }
        flags.put("rank", adapter.rank());
        flags.put("alpha", adapter.alpha());
        flags.put("dropout", adapter.dropout());
        flags.put("targets", String.join(",", adapter.targets()));
        if (training.steps() == null) {
            flags.put("epochs", training.epochs());
        } else {
            flags.put("steps", training.steps());
        }
        flags.put("batch-size", batchSize);
        flags.put("grad-accumulation", gradAccumulation);
        flags.put("max-length", maxLength);
        flags.put("long-rows", longRows);
        flags.put("skip-bad-rows", skipBadRows);
        flags.put("recompute", recompute);
        flags.put("learning-rate", learningRate);
        flags.put("schedule", schedule);
        flags.put("warmup", warmUp);
        flags.put("weight-decay", weightDecay);
        flags.put("clip", clip);
        if (adapter instanceof MoeLoraConfig) {
            flags.put("balance-weight", training.losses().balanceWeight());
            flags.put("contrast-weight", training.losses().contrastWeight());
            flags.put("contrast-temperature", training.losses().contrastTemperature());
            flags.put("contrast-warmup", Flags.or(contrastWarmUp, "10%"));
            flags.put("max-pairs", training.losses().maxPairs());
        }
        if (evalData != null) {
            flags.put("eval-data", absolute(evalData));
        }
        if (evalSplit != null) {
            flags.put("eval-split", evalSplit);
        }
        if (evalEvery != null) {
            flags.put("eval-every", evalEvery);
        }
        flags.put("checkpoint-every", checkpointEvery);
        flags.put("checkpoint-minutes", checkpointMinutes);
        flags.put("keep", keep);
        flags.put("no-shuffle", noShuffle);
        flags.put("seed", seed);
        return flags;
    }
}
