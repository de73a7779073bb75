package org.moelora.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.Targets;

/** What an adapter is made of, as {@code run.json} has it: the command line's names with underscores. */
final class ConfigJson {
    private ConfigJson() {}

    static Map<String, @Nullable Object> of(AdapterConfig adapter) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("method", adapter.method());
        if (adapter instanceof MoeLoraConfig mixture) {
            List<Integer> experts = mixture.expertsPerLayer();
            json.put("experts", experts.size() == 1 ? experts.getFirst() : experts);
            if (mixture.topK() > 0) {
                json.put("top_k", mixture.topK());
            }
            json.put("gate", mixture.gate().id());
            if (mixture.gate().biased()) {
                json.put("selection_bias", true);
            }
            if (mixture.router() instanceof Router.Prompt prompt) {
                json.put("router", prompt.id());
                json.put("router_rms", prompt.rms());
                if (prompt.share() != Router.Share.LINEAR) {
                    json.put("router_share", prompt.share().id());
                }
            }
            switch (mixture.space()) {
                case SEPARATE -> {}
                case SHARED_A -> json.put("shared_a", true);
                case CORE -> json.put("core_space", true);
            }
            if (mixture.gate() instanceof GatePolicy.TaskGate taskGate) {
                json.put("tasks", taskGate.tasks());
            }
        }
        json.put("rank", adapter.rank());
        json.put("alpha", adapter.alpha());
        json.put("scale", adapter.scale());
        json.put("dropout", adapter.dropout());
        Targets targets = adapter.targets();
        boolean byName = targets.equals(Targets.of(targets.names()));
        json.put(
                "targets",
                byName && targets.names() instanceof Targets.Suffixes given ? given.of() : targets.toString());
        return json;
    }
}
