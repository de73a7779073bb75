package org.moelora.adapter;

import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;

/** First values of a router W_g, which are normal around 0. */
public enum GateInit {
    /** Standard deviation 0.02, so choices are the sharper the wider the model is. */
    FIXED("fixed"),
    /** Standard deviation {@code 1 / sqrt(n)} where the router reads n numbers, so that sharpness does not depend on the width. */
    INVERSE_WIDTH("inverse-width");

    public static final Setting<AdapterConfig, GateInit> SETTING = Setting.<AdapterConfig, GateInit>of(
                    "gate-init",
                    Kind.oneOf(GateInit::id, values()),
                    config -> null,
                    FIXED,
                    "First weights of the routers: {} (default), of deviation 0.02; inverse-width, of 1 / sqrt(in), so that wide"
                            + " models do not choose more sharply.",
                    Part.MIXTURE,
                    Part.SHAPE)
            .onlyWith(AdapterSettings.GATE, "top-k", "top-k-raw", "dense", "threshold");

    private final String id;

    GateInit(String id) {
        this.id = id;
    }

    /** What files and flags call it. */
    public String id() {
        return id;
    }

    /** Of a gate's parameter: that of the router as said here, of others their own. */
    double std(GateParameter parameter) {
        return this == INVERSE_WIDTH && parameter.name().equals(GatePolicy.ROUTER)
                ? 1 / Math.sqrt(parameter.shape().dim(1))
                : parameter.std();
    }
}
