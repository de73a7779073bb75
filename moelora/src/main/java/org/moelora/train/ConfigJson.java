package org.moelora.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.adapter.GatePolicy;
import org.moelora.settings.Setting;
import org.moelora.settings.Values;

/** What an adapter is made of, as {@code run.json} has it: the command line's names with underscores. */
final class ConfigJson {
    private ConfigJson() {}

    static Map<String, @Nullable Object> of(AdapterConfig adapter) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("method", adapter.method());
        for (Setting<AdapterConfig, ?> setting : AdapterSettings.SETTINGS.listed(adapter, Values.NONE)) {
            json.put(setting.field(), setting.written(adapter));
        }
        json.put("scale", adapter.scale());
        GatePolicy gate = adapter.gate();
        if (gate != null && gate.biased()) {
            json.put("selection_bias", true);
        }
        return json;
    }
}
