package org.moelora.compare;

import java.util.LinkedHashMap;
import java.util.Map;
import org.moelora.adapter.AdapterConfig;
import org.moelora.io.JsonObject;

/**
 * One training of a comparison, as it is kept in a file of its own.
 *
 * @param loss on the rows held out from training; infinite where training diverged
 * @param correct answers to the test rows that are right; 0 where they were not asked
 * @param tokensPerSecond of training
 * @param seconds of training and evaluation
 */
record Trial(double loss, int correct, double tokensPerSecond, double seconds) {
    /** Whether a trial also answers the test rows: those of a search for a learning rate do not. */
    record Setting(AdapterConfig config, double learningRate, long steps, long seed, boolean asks) {}

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("loss", Double.isFinite(loss) ? (Object) loss : "diverged");
        json.put("correct", correct);
        json.put("tokens_per_second", tokensPerSecond);
        json.put("seconds", seconds);
        return json;
    }

    static Trial read(JsonObject json) {
        Object loss = json.get("loss");
        return new Trial(
                "diverged".equals(loss) ? Double.POSITIVE_INFINITY : json.number("loss"),
                json.integer("correct"),
                json.number("tokens_per_second"),
                json.number("seconds"));
    }
}
