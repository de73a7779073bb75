package org.moelora.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.ExpertSpace;
import org.moelora.adapter.GateInit;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.Targets;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.Values;
import org.moelora.train.RouterTraining;
import org.moelora.train.TrainingConfig;
import picocli.CommandLine.Option;

/**
 * The flags of {@code moelora train} that say which adapter is trained, and by which losses. A flag that is null was not given: what it then means
 * depends on {@code --init-adapter} and on the method.
 */
@Under(Section.ADAPTER)
final class AdapterFlags {
    @About(Part.SHAPE)
    @Option(
            names = "--method",
            paramLabel = "NAME",
            description =
                    "moelora (default), prompt-moelora, lora, dora, mola, loramoe, hydralora, comol, adamole, task-moelora or comoe: sets of the flags"
                            + " below, each of which can be given beside it.")
    private @Nullable String method;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--experts",
            paramLabel = "E|LIST",
            description = "Experts per linear: 8; or numbers for groups of layers from bottom to top: 2,4,6,8.")
    private @Nullable String experts;

    @About({Part.MIXTURE, Part.CHOICE})
    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Experts per token: 2; half of them with the router prompt.")
    private @Nullable Integer topK;

    @About(Part.SHAPE)
    @Option(names = "--rank", paramLabel = "R", description = "Rank, of one expert: 4.")
    private @Nullable Integer rank;

    @About(Part.SHAPE)
    @Option(names = "--alpha", paramLabel = "A", description = "The update is scaled by alpha / rank: 8.")
    private @Nullable Double alpha;

    @About(Part.SHAPE)
    @Option(names = "--dropout", paramLabel = "P", description = "Dropout before the adapter: 0 (off).")
    private @Nullable Double dropout;

    @About(Part.SHAPE)
    @Option(
            names = "--targets",
            paramLabel = "LIST",
            description =
                    "Adapted linears: q_proj,v_proj; names or ends of names (0.self_attn.q_proj), all-linear, or a regular"
                            + " expression for whole names between slashes.")
    private @Nullable String targets;

    @About({Part.MIXTURE, Part.CHOICE})
    @Option(
            names = "--gate",
            paramLabel = "NAME",
            description =
                    "top-k (default): the chosen experts' shares add up to 1; top-k-raw: they do not; dense: all experts;"
                            + " threshold: those above a learned threshold; task: all, by the row's task.")
    private @Nullable String gate;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--router",
            paramLabel = "NAME",
            description =
                    "What the gate looks at: token (default), each token by itself; prompt, the row's prompt, so that all its"
                            + " tokens share one choice.")
    private @Nullable String router;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--router-rms",
            paramLabel = "X",
            description = "Root mean square of what the router prompt reads: 0.5; more makes sharper choices.")
    private @Nullable Double routerRms;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--router-share",
            paramLabel = "NAME",
            description =
                    "Which linears the router prompt decides for at once: linear (default), each has a router; input, those of"
                            + " a block that read the same input have one: q, k, v and gate, up.")
    private @Nullable String routerShare;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--gate-init",
            paramLabel = "NAME",
            description =
                    "First weights of the routers: fixed (default), of deviation 0.02; inverse-width, of 1 / sqrt(in), so"
                            + " that wide models do not choose more sharply.")
    private @Nullable String gateInit;

    private boolean mixes;
    private boolean resumes;

    /** The adapter that the flags are about comes from a run. */
    void resumes() {
        resumes = true;
    }

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(names = "--shared-a", description = "One A for all experts of a linear.")
    private boolean sharedA;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--core-space",
            description = "One A and one B for all experts of a linear, which differ in a small core between them.")
    private boolean coreSpace;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--max-threshold",
            paramLabel = "P",
            description = "Largest threshold of the gate threshold: 0 (1 / experts).")
    private @Nullable Double maxThreshold;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(names = "--tasks", paramLabel = "LIST", description = "Names of the tasks of the gate task.")
    private @Nullable String tasks;

    @About({Part.MIXTURE, Part.SHAPE})
    @Option(
            names = "--task-dimension",
            paramLabel = "D",
            description = "Width of a task's embedding, of the gate task: 64.")
    private @Nullable Integer taskDimension;

    @About(Part.SHAPE)
    @Option(
            names = "--init-adapter",
            paramLabel = "DIR",
            description =
                    "Go on from this adapter, which fixes method, experts, top-k, rank, alpha, dropout, targets and gate.")
    private @Nullable Path initAdapter;

    private final SettingFlags settings;

    /** What a command says itself, where no flag does. */
    private Values command = Values.NONE;

    AdapterFlags(SettingFlags settings) {
        this.settings = settings;
    }

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
        Targets linears = Targets.parse(Flags.or(targets, "q_proj,v_proj"));
        int r = Flags.or(rank, 4);
        double a = Flags.or(alpha, 8.0);
        double p = Flags.or(dropout, 0.0);
        Method preset = preset();
        if (preset.isLora()) {
            refuseMixtureFlags();
            return LoraConfig.builder()
                    .rank(r)
                    .alpha(a)
                    .dropout(p)
                    .targets(linears)
                    .dora(preset.isDora())
                    .build();
        }
        List<Integer> numbers = experts(Flags.or(experts, preset.experts()));
        Router reads = router(Flags.or(router, preset.router()));
        return new MoeLoraConfig(
                numbers,
                gate(Flags.or(gate, preset.gate()), reads.defaultTopK(Collections.min(numbers))),
                reads,
                space(preset),
                r,
                a,
                false,
                p,
                linears);
    }

    private ExpertSpace space(Method preset) {
        if (sharedA && coreSpace) {
            throw new InputException(
                    "--shared-a and --core-space are both given, and experts share A alone or A and B; expected one of them");
        }
        return sharedA ? ExpertSpace.SHARED_A : coreSpace ? ExpertSpace.CORE : preset.space();
    }

    private Method preset() {
        return Method.of(Flags.or(method, "moelora"));
    }

    private static List<Integer> experts(String list) {
        try {
            return Arrays.stream(list.split(",", -1))
                    .map(number -> Integer.valueOf(number.strip()))
                    .toList();
        } catch (NumberFormatException e) {
            throw new InputException(
                    "--experts is \"" + list + "\"; expected a number, or several with commas between them", e);
        }
    }

    /**
     * @param usualTopK unless --top-k is given
     */
    private GatePolicy gate(String name, int usualTopK) {
        boolean top = name.equals("top-k") || name.equals("top-k-raw");
        gateInit();
        refuse("--gate-init", gateInit, !name.equals("task"), "top-k, top-k-raw, dense or threshold", name);
        refuse("--top-k", topK, top, "top-k or top-k-raw", name);
        refuse("--max-threshold", maxThreshold, name.equals("threshold"), "threshold", name);
        refuse("--tasks", tasks, name.equals("task"), "task", name);
        refuse("--task-dimension", taskDimension, name.equals("task"), "task", name);
        return switch (name) {
            case "top-k" -> new GatePolicy.Renormalised(Flags.or(topK, usualTopK), biased());
            case "top-k-raw" -> new GatePolicy.Raw(Flags.or(topK, usualTopK), biased());
            case "dense" -> new GatePolicy.Dense();
            case "threshold" -> new GatePolicy.Threshold(Flags.or(maxThreshold, 0.0));
            case "task" -> {
                if (tasks == null) {
                    throw new InputException(
                            "--tasks is missing; expected the names of the rows' tasks with the gate task");
                }
                yield new GatePolicy.TaskGate(names(tasks), Flags.or(taskDimension, GatePolicy.TaskGate.DIMENSION));
            }
            default ->
                throw new InputException("--gate is \"" + name
                        + "\"; expected top-k, top-k-raw, dense, threshold or task"
                        + Spelling.suggestion(name, List.of("top-k", "top-k-raw", "dense", "threshold", "task")));
        };
    }

    private boolean biased() {
        return settings.said(LossSettings.BALANCE) == LossSettings.Balance.BIAS;
    }

    private Router router(String name) {
        if (!name.equals("prompt")) {
            refuseForRouter("--router-rms", routerRms, "the router is " + name);
            refuseForRouter("--router-share", routerShare, "the router is " + name);
        }
        return switch (name) {
            case "token" -> new Router.Token();
            case "prompt" -> new Router.Prompt(Flags.or(routerRms, Router.Prompt.RMS), routerShare());
            default ->
                throw new InputException("--router is \"" + name + "\"; expected token or prompt"
                        + Spelling.suggestion(name, List.of("token", "prompt")));
        };
    }

    private Router.Share routerShare() {
        return routerShare == null ? Router.Share.LINEAR : Router.Share.of(routerShare);
    }

    private static void refuseForRouter(String flag, @Nullable Object given, String has) {
        if (given != null) {
            throw new InputException(flag + " is for the router prompt, and " + has + "; expected no " + flag);
        }
    }

    private static void refuse(String flag, @Nullable Object given, boolean fits, String gates, String gate) {
        if (given != null && !fits) {
            throw new InputException(
                    flag + " is for the gate " + gates + ", and the gate is " + gate + "; expected no " + flag);
        }
    }

    private static boolean sameNames(Targets.Names given, Targets.Names has) {
        if (given instanceof Targets.Suffixes these && has instanceof Targets.Suffixes those) {
            return Set.copyOf(these.of()).equals(Set.copyOf(those.of()));
        }
        return given.equals(has);
    }

    private static List<String> names(String list) {
        return Arrays.stream(list.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
    }

    private AdapterConfig startingFrom(AdapterConfig has) {
        if (method != null) {
            Method preset = preset();
            same("--method", preset.isLora() ? method : "moelora", has.method());
            if (has instanceof MoeLoraConfig mixture) {
                // A preset's experts are a default; its gate and its A are what it is.
                same(
                        "--method",
                        gate == null ? preset.gate() : gate,
                        mixture.gate().id());
                same(
                        "--method",
                        router == null ? preset.router() : router,
                        mixture.router().id());
                same("--method", space(preset), mixture.space());
            }
        }
        same("--rank", rank, has.rank());
        same("--alpha", alpha, has.alpha());
        same("--dropout", dropout, has.dropout());
        if (targets != null
                && !sameNames(Targets.parse(targets).names(), has.targets().names())) {
            throw contradiction("--targets", targets, has.targets().names().text());
        }
        if (has instanceof MoeLoraConfig mixture) {
            startingFrom(mixture);
        } else {
            refuseMixtureFlags();
        }
        return has;
    }

    private void startingFrom(MoeLoraConfig has) {
        if (experts != null) {
            List<Integer> given = experts(experts);
            int layers = has.expertsPerLayer().size();
            boolean spreads = given.size() <= layers
                    && has.expertsPerLayer()
                            .equals(new MoeLoraConfig(
                                            given,
                                            new GatePolicy.Dense(),
                                            new Router.Token(),
                                            ExpertSpace.SEPARATE,
                                            has.rank(),
                                            has.alpha(),
                                            false,
                                            0,
                                            has.targets())
                                    .forLayers(layers)
                                    .expertsPerLayer());
            if (!spreads) {
                throw contradiction("--experts", experts, list(has.expertsPerLayer()));
            }
        }
        if (gateInit != null) {
            throw new InputException("--gate-init is for new routers, and --init-adapter " + initAdapter
                    + " has routers; expected no --gate-init");
        }
        same("--top-k", topK, has.topK());
        same("--gate", gate, has.gate().id());
        same("--router", router, has.router().id());
        if (has.router() instanceof Router.Prompt prompt) {
            same("--router-rms", routerRms, prompt.rms());
            if (routerShare != null) {
                same("--router-share", routerShare().id(), prompt.share().id());
            }
        } else {
            String other = "--init-adapter " + initAdapter + " has the router "
                    + has.router().id();
            refuseForRouter("--router-rms", routerRms, other);
            refuseForRouter("--router-share", routerShare, other);
        }
        if (sharedA) {
            same("--shared-a", true, has.space() == ExpertSpace.SHARED_A);
        }
        if (coreSpace) {
            same("--core-space", true, has.space() == ExpertSpace.CORE);
        }
        if (has.gate() instanceof GatePolicy.Threshold threshold) {
            same("--max-threshold", maxThreshold, threshold.max());
        } else {
            refuse(
                    "--max-threshold",
                    maxThreshold,
                    false,
                    "threshold",
                    has.gate().id());
        }
        if (has.gate() instanceof GatePolicy.TaskGate taskGate) {
            if (tasks != null && !names(tasks).equals(taskGate.tasks())) {
                throw contradiction("--tasks", tasks, String.join(",", taskGate.tasks()));
            }
            same("--task-dimension", taskDimension, taskGate.dimension());
        } else {
            refuse("--tasks", tasks, false, "task", has.gate().id());
            refuse("--task-dimension", taskDimension, false, "task", has.gate().id());
        }
    }

    private static String list(List<?> values) {
        return values.stream().map(String::valueOf).collect(Collectors.joining(","));
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
        refuse(
                about -> about.contains(Part.MIXTURE),
                flag -> flag + " is for a mixture of experts; expected no " + flag + " with the method lora");
    }

    /** Refuses flags that are given. */
    private void refuse(Predicate<Set<Part>> which, UnaryOperator<String> sentence) {
        settings.refuse(setting -> which.test(setting.parts()), sentence);
        Flags.values(this, field -> which.test(Flags.parts(field))).forEach((name, value) -> {
            if (!value.equals(false)) {
                throw new InputException(sentence.apply("--" + name));
            }
        });
    }

    /** The losses beside the language model's, for an adapter of that kind. */
    LossSettings losses(AdapterConfig kind) {
        GatePolicy policy = kind.gate();
        if (policy == null) {
            return LossSettings.NONE;
        }
        LossSettings usual = kind.losses();
        LossSettings.Balance balance = Flags.or(settings.said(LossSettings.BALANCE), usual.balance());
        LossSettings.Contrast contrast = settings.said(LossSettings.CONTRAST);
        boolean byBias = balance == LossSettings.Balance.BIAS;
        if (byBias && positive(LossSettings.BALANCE_WEIGHT)) {
            throw new InputException(
                    "--balance-weight is for a loss, and the balance bias is none; expected no --balance-weight");
        }
        if (policy.topK() == 0) {
            boolean informed = balance == LossSettings.Balance.MUTUAL_INFORMATION;
            refuse(LossSettings.BALANCE, informed, "top-k or top-k-raw", policy);
            refuse(LossSettings.BALANCE_WEIGHT, informed, "top-k or top-k-raw", policy);
            boolean gated = contrast == LossSettings.Contrast.GATED;
            String gates = "top-k or top-k-raw, unless the contrast is gated";
            refuse(LossSettings.CONTRAST_WEIGHT, gated, gates, policy);
            refuse(LossSettings.CONTRAST, gated, gates, policy);
        }
        // Who names a loss means to have it.
        Values named = Values.NONE;
        if (byBias || settings.said(LossSettings.BALANCE) != null) {
            named = named.and(LossSettings.BALANCE_WEIGHT, byBias ? 0 : LossSettings.DEFAULT.balanceWeight());
        }
        if (contrast != null) {
            named = named.and(LossSettings.CONTRAST_WEIGHT, LossSettings.DEFAULT.contrastWeight());
        }
        LossSettings losses = LossSettings.SETTINGS.make(
                settings.or(named).or(preset().settings()).or(LossSettings.SETTINGS.valuesOf(usual)));
        losses.check(kind);
        return losses;
    }

    private boolean positive(Setting<?, Double> weight) {
        Double given = settings.said(weight);
        return given != null && given != 0;
    }

    /** Refuses a setting that is given, unless it says that there is nothing of the kind. */
    private void refuse(Setting<?, ?> setting, boolean fits, String gates, GatePolicy gate) {
        Object given = settings.said(setting);
        refuse("--" + setting.name(), Double.valueOf(0).equals(given) ? null : given, fits, gates, gate.id());
    }

    /** For a command that makes the adapter itself: what says how it is made is refused. */
    void refuseShape(String command, boolean withGate) {
        Set<Part> parts = withGate ? Set.of(Part.SHAPE) : Set.of(Part.SHAPE, Part.CHOICE);
        refuse(
                about -> !Collections.disjoint(about, parts),
                flag -> flag + " is given, and " + command + " takes it from the adapters; expected no " + flag);
    }

    /** The gate that is asked for, {@code dense} if none is. */
    GatePolicy gateOfMixture() {
        return gate(Flags.or(gate, topK == null ? "dense" : "top-k"), 2);
    }

    /** As if --router-only had been given, at a higher rate unless one is given. */
    void routerOnly(double multiple) {
        mixes = true;
        command = Values.NONE.and(RouterTraining.ALONE, true).and(RouterTraining.RATE, multiple);
    }

    /** First values of the routers of a new adapter. */
    GateInit gateInit() {
        return gateInit == null ? GateInit.FIXED : GateInit.of(gateInit);
    }

    /** How an adapter of that kind is trained. */
    TrainingConfig training(AdapterConfig kind) {
        Values said = settings.or(command);
        if (said.get(RouterTraining.ALONE) && initAdapter == null && !mixes && !resumes) {
            throw new InputException(
                    "--router-only is given without --init-adapter; expected an adapter whose experts have"
                            + " learned already");
        }
        return TrainingConfig.SETTINGS.make(
                LossSettings.SETTINGS.valuesOf(losses(kind)).or(said).or(preset().settings()));
    }

    /** Adds these flags as they came out. */
    void resolved(Map<String, Object> flags, AdapterConfig kind, TrainingConfig training) {
        if (initAdapter != null) {
            flags.put("init-adapter", Flags.absolute(initAdapter));
        }
        flags.put("method", Flags.or(method, kind.method()));
        if (kind instanceof MoeLoraConfig mixture) {
            List<Integer> numbers = mixture.expertsPerLayer();
            flags.put("experts", numbers.size() == 1 ? numbers.getFirst() : list(numbers));
            if (mixture.topK() > 0) {
                flags.put("top-k", mixture.topK());
            }
            flags.put("gate", mixture.gate().id());
            if (gateInit() != GateInit.FIXED) {
                flags.put("gate-init", gateInit().id());
            }
            if (mixture.router() instanceof Router.Prompt prompt) {
                flags.put("router", prompt.id());
                flags.put("router-rms", prompt.rms());
                flags.put("router-share", prompt.share().id());
            }
            switch (mixture.space()) {
                case SEPARATE -> {}
                case SHARED_A -> flags.put("shared-a", true);
                case CORE -> flags.put("core-space", true);
            }
            if (mixture.gate() instanceof GatePolicy.Threshold threshold) {
                flags.put("max-threshold", threshold.max());
            }
            if (mixture.gate() instanceof GatePolicy.TaskGate taskGate) {
                flags.put("tasks", String.join(",", taskGate.tasks()));
                flags.put("task-dimension", taskGate.dimension());
            }
        }
        flags.put("rank", kind.rank());
        flags.put("alpha", kind.alpha());
        flags.put("dropout", kind.dropout());
        flags.put("targets", kind.targets().names().text());
        TrainingConfig usual = TrainingConfig.SETTINGS.make(preset().settings());
        List<Setting<TrainingConfig, ?>> listed = TrainingConfig.SETTINGS.listed(training, usual).stream()
                .filter(setting ->
                        kind instanceof MoeLoraConfig || !setting.parts().contains(Part.MIXTURE))
                .toList();
        SettingFlags.write(flags, listed, training);
    }
}
