package org.moelora.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.moelora.adapter.ExpertSpace;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.settings.Values;
import org.moelora.train.TrainingConfig;
import org.moelora.train.WarmUp;

/**
 * The names that {@code --method} knows. All but LoRA's and DoRA's are settings of the one mixture: what the flags mean that are not given.
 *
 * @param name its name
 * @param experts of {@code --experts}
 * @param gate of {@code --gate}
 * @param router of {@code --router}
 * @param space of {@code --shared-a} and {@code --core-space}
 * @param settings of the other flags
 */
record Method(String name, String experts, String gate, String router, ExpertSpace space, Values settings) {
    private static final String LORA = "lora";
    private static final String DORA = "dora";

    private static final Method[] ALL = {
        new Method("moelora", "8", "top-k", "token", ExpertSpace.SEPARATE, Values.NONE),
        new Method(
                "prompt-moelora",
                "8",
                "top-k",
                "prompt",
                ExpertSpace.SEPARATE,
                Values.NONE
                        .and(TrainingConfig.CONTRAST_START, WarmUp.ofShare(0.05))
                        .and(LossSettings.BALANCE_WEIGHT, 0.0)
                        .and(LossSettings.CONTRAST_WEIGHT, 0.0)),
        new Method(LORA, "1", "", "token", ExpertSpace.SEPARATE, Values.NONE),
        new Method(DORA, "1", "", "token", ExpertSpace.SEPARATE, Values.NONE),
        new Method(
                "mola",
                "2,4,6,8",
                "top-k",
                "token",
                ExpertSpace.SEPARATE,
                Values.NONE.and(LossSettings.CONTRAST_WEIGHT, 0.0)),
        new Method("loramoe", "8", "dense", "token", ExpertSpace.SEPARATE, Values.NONE),
        new Method("hydralora", "8", "dense", "token", ExpertSpace.SHARED_A, Values.NONE),
        new Method("comol", "8", "dense", "token", ExpertSpace.CORE, Values.NONE),
        new Method("adamole", "8", "threshold", "token", ExpertSpace.SEPARATE, Values.NONE),
        new Method("task-moelora", "8", "task", "token", ExpertSpace.SEPARATE, Values.NONE),
        new Method(
                "comoe",
                "8",
                "top-k",
                "token",
                ExpertSpace.SEPARATE,
                Values.NONE.and(LossSettings.CONTRAST, LossSettings.Contrast.TOKEN)),
    };

    static Method of(String name) {
        return Arrays.stream(ALL)
                .filter(method -> method.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new InputException("--method is \"" + name + "\"; expected one of "
                        + Arrays.stream(ALL).map(Method::name).collect(Collectors.joining(", "))
                        + Spelling.suggestion(
                                name, Arrays.stream(ALL).map(Method::name).toList())));
    }

    /** Whether it has no experts. */
    boolean isLora() {
        return name.equals(LORA) || isDora();
    }

    boolean isDora() {
        return name.equals(DORA);
    }
}
