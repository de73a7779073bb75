package org.moelora.adapter;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.SettingTable;
import org.moelora.settings.Settings;
import org.moelora.settings.Values;

/** What can be set about a new adapter. A setting that an adapter does not have, as LoRA has no experts, is null in its configuration. */
public final class AdapterSettings {
    private static final SettingTable<AdapterConfig> TABLE = new SettingTable<>();

    public static final Setting<AdapterConfig, List<Integer>> EXPERTS = TABLE.add(Setting.of(
            "experts",
            new Kind<>(
                    String.class,
                    "E|LIST",
                    "2 to 1024, one number or several with commas between them",
                    numbers -> true,
                    AdapterSettings::experts,
                    numbers -> numbers.size() == 1 ? numbers.getFirst() : numbers,
                    AdapterSettings::experts),
            config -> config instanceof MoeLoraConfig mixture ? mixture.expertsPerLayer() : null,
            List.of(8),
            "Experts per linear: {}; or numbers for groups of layers from bottom to top: 2,4,6,8.",
            Part.MIXTURE,
            Part.SHAPE));

    public static final Setting<AdapterConfig, String> GATE = TABLE.add(Setting.<AdapterConfig, String>of(
                    "gate",
                    Kind.oneOf(id -> id, "top-k", "top-k-raw", "dense", "threshold", "task"),
                    config -> config.gate() == null ? null : config.gate().id(),
                    "top-k",
                    "{} (default): the chosen experts' shares add up to 1; top-k-raw: they do not; dense: all experts; threshold:"
                            + " those above a learned threshold; task: all, by the row's task.",
                    Part.MIXTURE,
                    Part.CHOICE)
            .sinceAChoice());

    public static final Setting<AdapterConfig, Integer> TOP_K = TABLE.add(Setting.<AdapterConfig, Integer>of(
                    "top-k",
                    Kind.whole(1, 1024).labelled("K"),
                    config -> config instanceof MoeLoraConfig mixture && mixture.topK() > 0 ? mixture.topK() : null,
                    null,
                    "Experts per token: 2; half of them with the router prompt.",
                    Part.MIXTURE,
                    Part.CHOICE)
            .onlyWith(GATE, "top-k", "top-k-raw"));

    public static final Setting<AdapterConfig, Double> MAX_THRESHOLD = TABLE.add(Setting.<AdapterConfig, Double>of(
                    "max-threshold",
                    Kind.number("0 (for 1 / experts) to 1", x -> x >= 0 && x <= 1)
                            .labelled("P"),
                    config -> config.gate() instanceof GatePolicy.Threshold threshold ? threshold.max() : null,
                    0.0,
                    "Largest threshold of the gate threshold: {} (1 / experts).",
                    Part.MIXTURE,
                    Part.SHAPE)
            .sinceAChoice()
            .onlyWith(GATE, "threshold"));

    public static final Setting<AdapterConfig, List<String>> TASKS = TABLE.add(Setting.<AdapterConfig, List<String>>of(
                    "tasks",
                    new Kind<>(
                            String.class,
                            "LIST",
                            "names, each once, with commas between them",
                            names -> true,
                            (json, field) -> json.array(field).strings(),
                            names -> names,
                            (name, text) -> Arrays.stream(text.split(","))
                                    .map(String::strip)
                                    .filter(each -> !each.isEmpty())
                                    .toList()),
                    config -> config.gate() instanceof GatePolicy.TaskGate gate ? gate.tasks() : null,
                    null,
                    "Names of the tasks of the gate task.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .onlyWith(GATE, "task"));

    public static final Setting<AdapterConfig, Integer> TASK_DIMENSION = TABLE.add(Setting.<AdapterConfig, Integer>of(
                    "task-dimension",
                    Kind.whole(1, 4096).labelled("D"),
                    config -> config.gate() instanceof GatePolicy.TaskGate gate ? gate.dimension() : null,
                    GatePolicy.TaskGate.DIMENSION,
                    "Width of a task's embedding, of the gate task: {}.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .sinceAChoice()
            .onlyWith(GATE, "task"));

    public static final Setting<AdapterConfig, String> ROUTER = TABLE.add(Setting.<AdapterConfig, String>of(
                    "router",
                    Kind.oneOf(id -> id, "token", "prompt"),
                    config -> config.gate() == null ? null : config.router().id(),
                    "token",
                    "What the gate looks at: {} (default), each token by itself; prompt, the row's prompt, so that all its tokens"
                            + " share one choice.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .whereUnusual());

    public static final Setting<AdapterConfig, Double> ROUTER_RMS = TABLE.add(Setting.<AdapterConfig, Double>of(
                    "router-rms",
                    Kind.number("above 0 and at most 1000", x -> x > 0 && x <= 1000),
                    config -> config.router() instanceof Router.Prompt prompt ? prompt.rms() : null,
                    Router.Prompt.RMS,
                    "Root mean square of what the router prompt reads: {}; more makes sharper choices.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .sinceAChoice()
            .onlyWith(ROUTER, "prompt"));

    public static final Setting<AdapterConfig, Router.Share> ROUTER_SHARE =
            TABLE.add(Setting.<AdapterConfig, Router.Share>of(
                            "router-share",
                            Kind.oneOf(Router.Share::id, Router.Share.values()),
                            config -> config.router() instanceof Router.Prompt prompt ? prompt.share() : null,
                            Router.Share.LINEAR,
                            "Which linears the router prompt decides for at once: {} (default), each has a router; input, those of a block"
                                    + " that read the same input have one: q, k, v and gate, up.",
                            Part.MIXTURE,
                            Part.SHAPE)
                    .whereUnusual()
                    .onlyWith(ROUTER, "prompt"));

    public static final Setting<AdapterConfig, Boolean> SHARED_A = TABLE.add(Setting.<AdapterConfig, Boolean>of(
                    "shared-a",
                    Kind.onOff(),
                    config -> config.gate() == null ? null : config.space() == ExpertSpace.SHARED_A,
                    false,
                    "One A for all experts of a linear.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .whereUnusual());

    public static final Setting<AdapterConfig, Boolean> CORE_SPACE = TABLE.add(Setting.<AdapterConfig, Boolean>of(
                    "core-space",
                    Kind.onOff(),
                    config -> config.gate() == null ? null : config.space() == ExpertSpace.CORE,
                    false,
                    "One A and one B for all experts of a linear, which differ in a small core between them.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .whereUnusual());

    public static final Setting<AdapterConfig, Integer> RANK = TABLE.add(Setting.of(
            "rank", Kind.whole(1, 4096).labelled("R"), AdapterConfig::rank, 4, "Rank, of one expert: {}.", Part.SHAPE));

    public static final Setting<AdapterConfig, Double> ALPHA = TABLE.add(Setting.of(
            "alpha",
            Kind.above(0).labelled("A"),
            AdapterConfig::alpha,
            8.0,
            "The update is scaled by alpha / rank: {}.",
            Part.SHAPE));

    public static final Setting<AdapterConfig, Double> DROPOUT = TABLE.add(Setting.of(
            "dropout",
            Kind.number("at least 0 and less than 1", x -> x >= 0 && x < 1).labelled("P"),
            AdapterConfig::dropout,
            0.0,
            "Dropout before the adapter: {} (off).",
            Part.SHAPE));

    public static final Setting<AdapterConfig, Targets> TARGETS = TABLE.add(Setting.of(
            "targets",
            new Kind<>(
                    String.class,
                    "LIST",
                    "names, all-linear or /expression/",
                    targets -> true,
                    (json, field) -> Targets.parse(json.string(field)),
                    AdapterSettings::written,
                    (name, text) -> Targets.parse(text)),
            AdapterConfig::targets,
            Targets.of(List.of("q_proj", "v_proj")),
            "Adapted linears: {}; names or ends of names (0.self_attn.q_proj), all-linear, or a regular expression for whole"
                    + " names between slashes.",
            Part.SHAPE));

    /** All of them. A record of them is a mixture; LoRA is what the last four say. */
    public static final Settings<AdapterConfig> SETTINGS = TABLE.madeBy(said -> mixture(said, false));

    private AdapterSettings() {}

    /**
     * A mixture of experts.
     *
     * @param biased whether experts are chosen with a bias, see {@link GatePolicy#biased}
     * @throws InputException if a value is out of range, or values contradict each other
     */
    public static MoeLoraConfig mixture(Values said, boolean biased) {
        List<Integer> experts = said.get(EXPERTS);
        Router router = router(said);
        return new MoeLoraConfig(
                experts,
                gate(said, experts.isEmpty() ? 2 : router.defaultTopK(Collections.min(experts)), biased),
                router,
                space(said),
                said.get(RANK),
                said.get(ALPHA),
                false,
                said.get(DROPOUT),
                said.get(TARGETS));
    }

    /**
     * LoRA, or DoRA.
     *
     * @throws InputException if a value is out of range
     */
    public static LoraConfig lora(Values said, boolean dora) {
        return LoraConfig.builder()
                .rank(said.get(RANK))
                .alpha(said.get(ALPHA))
                .dropout(said.get(DROPOUT))
                .targets(said.get(TARGETS))
                .dora(dora)
                .build();
    }

    /**
     * How tokens choose among experts.
     *
     * @param usualTopK k where top-k is not set
     * @param biased as for {@link #mixture}
     * @throws InputException if a value is out of range
     */
    public static GatePolicy gate(Values said, int usualTopK, boolean biased) {
        return switch (said.get(GATE)) {
            case "top-k" -> new GatePolicy.Renormalised(topK(said, usualTopK), biased);
            case "top-k-raw" -> new GatePolicy.Raw(topK(said, usualTopK), biased);
            case "dense" -> new GatePolicy.Dense();
            case "threshold" -> new GatePolicy.Threshold(said.get(MAX_THRESHOLD));
            default -> {
                List<String> tasks = said.said(TASKS);
                if (tasks == null) {
                    throw new InputException(
                            "tasks are missing; expected the names of the rows' tasks with the gate task");
                }
                yield new GatePolicy.TaskGate(tasks, said.get(TASK_DIMENSION));
            }
        };
    }

    private static int topK(Values said, int usual) {
        Integer k = said.said(TOP_K);
        return k == null ? usual : k;
    }

    /** What a gate looks at. */
    static Router router(Values said) {
        return said.get(ROUTER).equals("prompt")
                ? new Router.Prompt(said.get(ROUTER_RMS), said.get(ROUTER_SHARE))
                : new Router.Token();
    }

    /** Where the experts of a linear differ. */
    static ExpertSpace space(Values said) {
        boolean core = said.get(CORE_SPACE);
        boolean shared = said.get(SHARED_A);
        if (core && shared) {
            throw new InputException(
                    "shared-a and core-space are both true, and experts share A alone or A and B; expected one of them");
        }
        return core ? ExpertSpace.CORE : shared ? ExpertSpace.SHARED_A : ExpertSpace.SEPARATE;
    }

    private static List<Integer> experts(JsonObject json, String field) {
        return json.get(field) instanceof JsonArray array
                ? Arrays.stream(array.integers()).boxed().toList()
                : List.of(json.integer(field));
    }

    private static List<Integer> experts(String name, String list) {
        try {
            return Arrays.stream(list.split(",", -1))
                    .map(number -> Integer.valueOf(number.strip()))
                    .toList();
        } catch (NumberFormatException e) {
            throw new InputException(
                    name + " is \"" + list + "\"; expected a number, or several with commas between them", e);
        }
    }

    private static Object written(Targets targets) {
        boolean byName = targets.equals(Targets.of(targets.names()));
        return byName && targets.names() instanceof Targets.Suffixes given ? given.of() : targets.toString();
    }
}
