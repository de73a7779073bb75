package org.moelora.adapter;

import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;

/** First values of a router W_g, which are normal around 0. */
public enum GateInit {
    /** Standard deviation 0.02, so choices are the sharper the wider the model is. */
    FIXED("fixed"),
    /** Standard deviation {@code 1 / sqrt(n)} where the router reads n numbers, so that sharpness does not depend on the width. */
    INVERSE_WIDTH("inverse-width");

    private final String id;

    GateInit(String id) {
        this.id = id;
    }

    /** What the flag {@code --gate-init} calls it. */
    public String id() {
        return id;
    }

    /**
     * @throws InputException if no such name exists
     */
    public static GateInit of(String id) {
        for (GateInit init : values()) {
            if (init.id.equals(id)) {
                return init;
            }
        }
        throw new InputException("gate-init is \"" + id + "\"; expected fixed or inverse-width"
                + Spelling.suggestion(id, List.of("fixed", "inverse-width")));
    }

    /** Of a gate's parameter: that of the router as said here, of others their own. */
    double std(GateParameter parameter) {
        return this == INVERSE_WIDTH && parameter.name().equals(GatePolicy.ROUTER)
                ? 1 / Math.sqrt(parameter.shape().dim(1))
                : parameter.std();
    }
}
