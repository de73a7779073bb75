package org.moelora.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.ExpertSpace;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;

/**
 * The names that {@code --method} knows. All but LoRA's and DoRA's are settings of the one mixture: what the flags mean that are not given.
 *
 * @param name its name
 * @param experts of {@code --experts}
 * @param gate of {@code --gate}
 * @param router of {@code --router}
 * @param space of {@code --shared-a} and {@code --core-space}
 * @param contrast of {@code --contrast}
 * @param balanceWeight of {@code --balance-weight}, null for the gate's own
 * @param contrastWeight of {@code --contrast-weight}, null for the gate's own
 * @param contrastStart of {@code --contrast-start}
 */
record Method(
        String name,
        String experts,
        String gate,
        String router,
        ExpertSpace space,
        String contrast,
        @Nullable Double balanceWeight,
        @Nullable Double contrastWeight,
        String contrastStart) {
    private static final String LORA = "lora";
    private static final String DORA = "dora";

    private static final Method[] ALL = {
        new Method("moelora", "8", "top-k", "token", ExpertSpace.SEPARATE, "supervised", null, null, "0"),
        new Method("prompt-moelora", "8", "top-k", "prompt", ExpertSpace.SEPARATE, "supervised", 0.0, 0.0, "5%"),
        new Method(LORA, "1", "", "token", ExpertSpace.SEPARATE, "supervised", null, null, "0"),
        new Method(DORA, "1", "", "token", ExpertSpace.SEPARATE, "supervised", null, null, "0"),
        new Method("mola", "2,4,6,8", "top-k", "token", ExpertSpace.SEPARATE, "supervised", null, 0.0, "0"),
        new Method("loramoe", "8", "dense", "token", ExpertSpace.SEPARATE, "supervised", null, null, "0"),
        new Method("hydralora", "8", "dense", "token", ExpertSpace.SHARED_A, "supervised", null, null, "0"),
        new Method("comol", "8", "dense", "token", ExpertSpace.CORE, "supervised", null, null, "0"),
        new Method("adamole", "8", "threshold", "token", ExpertSpace.SEPARATE, "supervised", null, null, "0"),
        new Method("task-moelora", "8", "task", "token", ExpertSpace.SEPARATE, "supervised", null, null, "0"),
        new Method("comoe", "8", "top-k", "token", ExpertSpace.SEPARATE, "token", null, null, "0"),
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
