package org.moelora.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.moelora.adapter.ExpertSpace;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.settings.Values;

/**
 * The names that {@code --method} knows. All but LoRA's and DoRA's are settings of the one mixture: what the flags mean that are not given.
 *
 * @param name its name
 * @param experts of {@code --experts}
 * @param gate of {@code --gate}
 * @param router of {@code --router}
 * @param space of {@code --shared-a} and {@code --core-space}
 * @param contrastStart of {@code --contrast-start}
 * @param losses of the flags of losses
 */
record Method(
        String name,
        String experts,
        String gate,
        String router,
        ExpertSpace space,
        String contrastStart,
        Values losses) {
    private static final String LORA = "lora";
    private static final String DORA = "dora";

    private static final Method[] ALL = {
        new Method("moelora", "8", "top-k", "token", ExpertSpace.SEPARATE, "0", Values.NONE),
        new Method(
                "prompt-moelora",
                "8",
                "top-k",
                "prompt",
                ExpertSpace.SEPARATE,
                "5%",
                Values.NONE.and(LossSettings.BALANCE_WEIGHT, 0.0).and(LossSettings.CONTRAST_WEIGHT, 0.0)),
        new Method(LORA, "1", "", "token", ExpertSpace.SEPARATE, "0", Values.NONE),
        new Method(DORA, "1", "", "token", ExpertSpace.SEPARATE, "0", Values.NONE),
        new Method(
                "mola",
                "2,4,6,8",
                "top-k",
                "token",
                ExpertSpace.SEPARATE,
                "0",
                Values.NONE.and(LossSettings.CONTRAST_WEIGHT, 0.0)),
        new Method("loramoe", "8", "dense", "token", ExpertSpace.SEPARATE, "0", Values.NONE),
        new Method("hydralora", "8", "dense", "token", ExpertSpace.SHARED_A, "0", Values.NONE),
        new Method("comol", "8", "dense", "token", ExpertSpace.CORE, "0", Values.NONE),
        new Method("adamole", "8", "threshold", "token", ExpertSpace.SEPARATE, "0", Values.NONE),
        new Method("task-moelora", "8", "task", "token", ExpertSpace.SEPARATE, "0", Values.NONE),
        new Method(
                "comoe",
                "8",
                "top-k",
                "token",
                ExpertSpace.SEPARATE,
                "0",
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
