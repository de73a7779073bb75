package org.moelora.cli;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.GateInit;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Targets;
import org.moelora.engine.InputException;
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
    private boolean mixes;
    private boolean resumes;

    /** The adapter that the flags are about comes from a run. */
    void resumes() {
        resumes = true;
    }

    @About(Part.SHAPE)
    @Option(
            names = "--init-adapter",
            paramLabel = "DIR",
            description = "Go on from this adapter, which fixes how an adapter is made.")
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
        Method preset = preset();
        if (preset.isLora()) {
            refuseMixtureFlags();
            return AdapterSettings.lora(settings, preset.isDora());
        }
        Values shape = shape(preset);
        checkGate(shape);
        return AdapterSettings.mixture(shape, biased());
    }

    /** What the flags say of a new mixture, and what the method means by them. */
    private Values shape(Method preset) {
        Boolean shared = settings.said(AdapterSettings.SHARED_A);
        Boolean core = settings.said(AdapterSettings.CORE_SPACE);
        if (shared != null && core != null) {
            throw new InputException(
                    "--shared-a and --core-space are both given, and experts share A alone or A and B; expected one of them");
        }
        Values said = preset.settings();
        if (shared != null || core != null) {
            said = said.and(AdapterSettings.SHARED_A, shared != null).and(AdapterSettings.CORE_SPACE, core != null);
        }
        return settings.or(said);
    }

    /** Refuses flags for another gate or router, and a gate without what it needs. */
    private void checkGate(Values shape) {
        for (Setting<?, ?> setting : settings.all()) {
            Setting.Needs<?> needs = setting.needs();
            String has = needs == null ? "" : shape.get(needs.of());
            if (needs != null
                    && settings.said(setting) != null
                    && !needs.oneOf().contains(has)) {
                throw isFor(setting, needs, "the " + needs.of().name() + " is " + has);
            }
        }
        if (shape.get(AdapterSettings.GATE).equals("task") && settings.said(AdapterSettings.TASKS) == null) {
            throw new InputException("--tasks is missing; expected the names of the rows' tasks with the gate task");
        }
    }

    private static InputException isFor(Setting<?, ?> setting, Setting.Needs<?> needs, String has) {
        String flag = "--" + SettingFlags.name(setting);
        return new InputException(flag + " is for the " + needs.of().name() + " " + String.join(" or ", needs.oneOf())
                + ", and " + has + "; leave it out, or give --" + needs.of().name() + " "
                + needs.oneOf().getFirst());
    }

    private Method preset() {
        return settings.get(Method.SETTING);
    }

    private boolean biased() {
        return settings.said(LossSettings.BALANCE) == LossSettings.Balance.BIAS;
    }

    private static void refuse(String flag, @Nullable Object given, boolean fits, String gates, String gate) {
        if (given != null && !fits) {
            throw new InputException(flag + " is for the gate " + gates + ", and the gate is " + gate
                    + "; leave it out, or give another gate");
        }
    }

    private static boolean sameNames(Targets.Names given, Targets.Names has) {
        if (given instanceof Targets.Suffixes these && has instanceof Targets.Suffixes those) {
            return Set.copyOf(these.of()).equals(Set.copyOf(those.of()));
        }
        return given.equals(has);
    }

    private AdapterConfig startingFrom(AdapterConfig has) {
        Method preset = settings.said(Method.SETTING);
        if (preset != null) {
            same("--method", preset.isLora() ? preset.name() : MoeLoraConfig.METHOD, has.method());
            if (has instanceof MoeLoraConfig) {
                // A preset's experts are a default; its gate and its A are what it is.
                Values shape = shape(preset);
                sameIn("--method", AdapterSettings.GATE, shape, has);
                sameIn("--method", AdapterSettings.ROUTER, shape, has);
                sameIn("--method", AdapterSettings.SHARED_A, shape, has);
                sameIn("--method", AdapterSettings.CORE_SPACE, shape, has);
            }
        }
        if (has instanceof LoraConfig) {
            refuseMixtureFlags();
        }
        settings.refuse(
                GateInit.SETTING::equals,
                flag -> flag + " is for new routers, and --init-adapter " + initAdapter + " has routers; expected no "
                        + flag);
        AdapterSettings.SETTINGS.all().forEach(setting -> checkSame(setting, has));
        return has;
    }

    /** Refuses a setting that is given and that the adapter does not have, or has otherwise. */
    private <T> void checkSame(Setting<AdapterConfig, T> setting, AdapterConfig has) {
        T given = settings.said(setting);
        T there = setting.getter().apply(has);
        if (given == null) {
            return;
        }
        Setting.Needs<AdapterConfig> needs = setting.needs();
        if (there == null && needs != null) {
            throw isFor(
                    setting,
                    needs,
                    "--init-adapter " + initAdapter + " has the " + needs.of().name() + " "
                            + needs.of().getter().apply(has));
        }
        if (!isSame(given, there, has)) {
            throw contradiction(
                    "--" + SettingFlags.name(setting),
                    setting.kind().shown(given),
                    there == null ? "none" : setting.kind().shown(there));
        }
    }

    private static boolean isSame(Object given, @Nullable Object there, AdapterConfig has) {
        return switch (given) {
            case Targets targets -> sameNames(targets.names(), has.targets().names());
            case List<?> numbers
            when there instanceof List<?> experts && has instanceof MoeLoraConfig mixture ->
                numbers.equals(experts) || isSpread(numbers, mixture);
            default -> given.equals(there);
        };
    }

    /** Whether numbers of experts are those of an adapter, spread over its layers. */
    private static boolean isSpread(List<?> numbers, MoeLoraConfig has) {
        int layers = has.expertsPerLayer().size();
        return numbers.size() <= layers
                && numbers.getFirst() instanceof Integer
                && MoeLoraConfig.builder()
                        .gate(new GatePolicy.Dense())
                        .expertsPerLayer(
                                numbers.stream().map(Integer.class::cast).toList())
                        .build()
                        .forLayers(layers)
                        .expertsPerLayer()
                        .equals(has.expertsPerLayer());
    }

    private <T> void sameIn(String flag, Setting<AdapterConfig, T> setting, Values given, AdapterConfig has) {
        same(flag, given.get(setting), setting.getter().apply(has));
    }

    private <T> void same(String flag, @Nullable T given, @Nullable T has) {
        if (given != null && !given.equals(has)) {
            throw contradiction(flag, given, has);
        }
    }

    private InputException contradiction(String flag, Object given, @Nullable Object has) {
        return new InputException(flag + " is " + given + ", and --init-adapter " + initAdapter + " has " + has
                + "; leave it out, or give the same");
    }

    private void refuseMixtureFlags() {
        refuse(
                about -> about.contains(Part.MIXTURE),
                flag -> flag + " is for a mixture of experts; leave it out, or give a --method with experts");
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
                    "--balance-weight is for a balance loss, and --balance bias has none; leave --balance-weight out");
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

    /** Refuses a given setting, except one whose value means none, such as a weight of 0. */
    private void refuse(Setting<?, ?> setting, boolean fits, String gates, GatePolicy gate) {
        Object given = settings.said(setting);
        refuse("--" + setting.name(), Double.valueOf(0).equals(given) ? null : given, fits, gates, gate.id());
    }

    /** For a command that makes the adapter itself: what says how it is made is refused. */
    void refuseShape(String command, boolean withGate) {
        Set<Part> parts = withGate ? Set.of(Part.SHAPE) : Set.of(Part.SHAPE, Part.CHOICE);
        refuse(
                about -> !Collections.disjoint(about, parts),
                flag -> flag + " is given, and " + command + " takes it from the adapters; leave it out");
    }

    /** The gate that is asked for, {@code dense} if none is. */
    GatePolicy gateOfMixture() {
        Values shape = settings.or(Values.NONE.and(
                AdapterSettings.GATE, settings.said(AdapterSettings.TOP_K) == null ? "dense" : "top-k"));
        checkGate(shape);
        return AdapterSettings.gate(shape, 2, biased());
    }

    /** As if --router-only had been given, at a higher rate unless one is given. */
    void routerOnly(double multiple) {
        mixes = true;
        command = Values.NONE.and(RouterTraining.ALONE, true).and(RouterTraining.RATE, multiple);
    }

    /** First values of the routers of a new adapter. */
    GateInit gateInit() {
        return settings.get(GateInit.SETTING);
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
        Method method = settings.said(Method.SETTING);
        flags.put(Method.SETTING.name(), method == null ? kind.method() : method.name());
        if (kind instanceof MoeLoraConfig && gateInit() != GateInit.SETTING.otherwise()) {
            flags.put(GateInit.SETTING.name(), gateInit().id());
        }
        Values usual = preset().settings();
        SettingFlags.write(flags, AdapterSettings.SETTINGS.listed(kind, usual), kind);
        flags.put(
                SettingFlags.name(AdapterSettings.TARGETS),
                kind.targets().names().text());
        List<Setting<TrainingConfig, ?>> listed = TrainingConfig.SETTINGS.listed(training, usual).stream()
                .filter(setting ->
                        kind instanceof MoeLoraConfig || !setting.parts().contains(Part.MIXTURE))
                .toList();
        SettingFlags.write(flags, listed, training);
    }
}
