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
import org.moelora.engine.InputException;
import org.moelora.train.TrainingConfig;
import org.moelora.train.WarmUp;
import picocli.CommandLine.Option;

/**
 * The flags of {@code moelora train} that say which adapter is trained, and by which losses. A flag that is null was not given: what it then means
 * depends on {@code --init-adapter} and on the method.
 */
final class AdapterFlags {
    private static final String CONTRAST_WARMUP = "10%";

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

    @Option(
            names = "--init-adapter",
            paramLabel = "DIR",
            description =
                    "Go on from this adapter, which fixes method, experts, top-k, rank, alpha, dropout, targets and gate.")
    private @Nullable Path initAdapter;

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

    @Nullable Path initAdapter() {
        return initAdapter;
    }

    /**
     * What the adapter is made of.
     *
     * @param start the adapter to go on from, or null
     */
    AdapterConfig config(@Nullable AdapterSummary start) {
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

    /** The losses beside the language model's, for an adapter of that kind. */
    LossSettings losses(AdapterConfig kind) {
        LossSettings d = LossSettings.DEFAULT;
        return kind instanceof LoraConfig
                ? LossSettings.NONE
                : new LossSettings(
                        Flags.or(balanceWeight, d.balanceWeight()),
                        Flags.or(contrastWeight, d.contrastWeight()),
                        Flags.or(contrastTemperature, d.contrastTemperature()),
                        Flags.or(maxPairs, d.maxPairs()));
    }

    WarmUp contrastWarmUp() {
        return WarmUp.parse("--contrast-warmup", Flags.or(contrastWarmUp, CONTRAST_WARMUP));
    }

    /** Adds these flags as they came out. */
    void resolved(Map<String, Object> flags, AdapterConfig kind, TrainingConfig training) {
        if (initAdapter != null) {
            flags.put("init-adapter", Flags.absolute(initAdapter));
        }
        flags.put("method", kind.method());
        if (kind instanceof MoeLoraConfig mixture) {
            flags.put("experts", mixture.experts());
            flags.put("top-k", mixture.topK());
            flags.put("gate", mixture.gate().id());
        }
        flags.put("rank", kind.rank());
        flags.put("alpha", kind.alpha());
        flags.put("dropout", kind.dropout());
        flags.put("targets", String.join(",", kind.targets()));
        if (kind instanceof MoeLoraConfig) {
            flags.put("balance-weight", training.losses().balanceWeight());
            flags.put("contrast-weight", training.losses().contrastWeight());
            flags.put("contrast-temperature", training.losses().contrastTemperature());
            flags.put("contrast-warmup", Flags.or(contrastWarmUp, CONTRAST_WARMUP));
            flags.put("max-pairs", training.losses().maxPairs());
        }
    }
}
