package org.moelora.cli;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.adapter.LossSettings;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.Values;
import org.moelora.train.TrainingConfig;
import org.moelora.train.WarmUp;

/**
 * The names that {@code --method} knows. All but LoRA's and DoRA's are settings of the one mixture: what the flags mean that are not given.
 *
 * @param name its name
 * @param settings what it sets, unless a flag says something else
 */
record Method(String name, Values settings) {
    private static final String LORA = "lora";
    private static final String DORA = "dora";

    private static final Values DENSE = Values.NONE.and(AdapterSettings.GATE, "dense");

    private static final Method[] ALL = {
        new Method("moelora", Values.NONE),
        new Method(
                "prompt-moelora",
                Values.NONE
                        .and(AdapterSettings.ROUTER, "prompt")
                        .and(LossSettings.BALANCE_WEIGHT, 0.0)
                        .and(LossSettings.CONTRAST_WEIGHT, 0.0)
                        .and(TrainingConfig.CONTRAST_START, WarmUp.ofShare(0.05))),
        new Method(LORA, Values.NONE),
        new Method(DORA, Values.NONE),
        new Method(
                "mola",
                Values.NONE.and(AdapterSettings.EXPERTS, List.of(2, 4, 6, 8)).and(LossSettings.CONTRAST_WEIGHT, 0.0)),
        new Method("loramoe", DENSE),
        new Method("hydralora", DENSE.and(AdapterSettings.SHARED_A, true)),
        new Method("comol", DENSE.and(AdapterSettings.CORE_SPACE, true)),
        new Method("adamole", Values.NONE.and(AdapterSettings.GATE, "threshold")),
        new Method("task-moelora", Values.NONE.and(AdapterSettings.GATE, "task")),
        new Method("comoe", Values.NONE.and(LossSettings.CONTRAST, LossSettings.Contrast.TOKEN)),
    };

    static final Setting<AdapterConfig, Method> SETTING = Setting.of(
            "method",
            Kind.oneOf(Method::name, ALL),
            config -> null,
            ALL[0],
            "{} (default), "
                    + Arrays.stream(ALL).skip(1).map(Method::name).collect(Collectors.joining(", "))
                    + ": names of sets of the flags below, each of which can be given beside one.",
            Part.SHAPE);

    /** Whether it has no experts. */
    boolean isLora() {
        return name.equals(LORA) || isDora();
    }

    boolean isDora() {
        return name.equals(DORA);
    }
}
