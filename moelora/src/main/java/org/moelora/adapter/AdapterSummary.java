package org.moelora.adapter;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * What an adapter's folder says about itself, without its base.
 *
 * @param config what it is made of
 * @param parameters numbers in it
 * @param linears how many linears it adapts
 * @param basePath where its base was, empty if it does not say
 * @param base what its base looked like, null if it does not say
 * @param losses the loss settings it was trained with, by their names in {@code adapter_config.json}; empty if it does not say
 * @param composed whether it knows what a configuration does not say: where its experts came from, or an adapter that it grew on
 */
public record AdapterSummary(
        AdapterConfig config,
        long parameters,
        int linears,
        String basePath,
        @Nullable Fingerprint base,
        Map<String, Object> losses,
        boolean composed) {
    public AdapterSummary {
        losses = Collections.unmodifiableMap(new LinkedHashMap<>(losses));
    }

    /**
     * Reads a folder's {@code adapter_config.json} and the header of its tensors.
     *
     * @throws InputException if a file is missing or malformed
     */
    public static AdapterSummary read(Path folder) {
        return AdapterFolder.summary(folder);
    }
}
