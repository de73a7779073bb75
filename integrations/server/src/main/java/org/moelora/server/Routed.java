package org.moelora.server;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Router;
import org.moelora.adapter.RowLayout;
import org.moelora.model.LanguageModel;

/** What a router decided for a prompt. */
final class Routed {
    private Routed() {}

    /**
     * Reads the prompt once more to see what its router gives it.
     *
     * @return {@code router}: none, token (where each token has its own gates) or prompt, with the gates of every linear and their mean;
     *     {@code older}: how many adapters learned after the one that answers, of one that grew
     */
    static Map<String, @Nullable Object> of(LanguageModel view, int[] prompt) {
        Map<String, @Nullable Object> routed = new LinkedHashMap<>();
        Adapter adapter = view.adapter();
        if (adapter == null || (adapter.config().gate() == null && adapter.older() == null)) {
            routed.put("router", "none");
            return routed;
        }
        int older = 0;
        if (adapter.older() != null) {
            older = view.answeredBy(
                            prompt, RowLayout.ofPrompts(Collections.singletonList(null), new int[] {0, prompt.length}))[
                    0];
            routed.put("older", older);
        }
        boolean byPrompt = older == 0
                && adapter.config().gate() != null
                && adapter.config().router() instanceof Router.Prompt;
        routed.put("router", byPrompt ? "prompt" : "token");
        if (byPrompt) {
            Map<String, double[]> gates = view.gates(prompt);
            routed.put("mean", mean(List.copyOf(gates.values())));
            routed.put("linears", gates);
        }
        return routed;
    }

    private static double[] mean(List<double[]> gates) {
        double[] mean = new double[gates.getFirst().length];
        for (double[] each : gates) {
            for (int e = 0; e < Math.min(mean.length, each.length); e++) {
                mean[e] += each[e] / gates.size();
            }
        }
        return mean;
    }
}
