package org.moelora.adapter;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.moelora.io.JsonObject;

/**
 * What an adapter remembers of the base it was made for.
 *
 * @param architecture e.g. {@code llama}
 * @param shapes sizes in words
 * @param weights a hash of the weights
 */
public record Fingerprint(String architecture, String shapes, String weights) {
    /** How another base differs from this one, in words; empty if it is the same. */
    public Optional<String> difference(Fingerprint other) {
        if (!architecture.equals(other.architecture)) {
            return Optional.of("architecture " + architecture + ", not " + other.architecture);
        }
        if (!shapes.equals(other.shapes)) {
            return Optional.of(shapes + ", not " + other.shapes);
        }
        if (!weights.equals(other.weights)) {
            return Optional.of(
                    "the same shapes but other weights (" + head(weights) + ", not " + head(other.weights) + ")");
        }
        return Optional.empty();
    }

    private static String head(String hash) {
        return hash.substring(0, Math.min(12, hash.length()));
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architecture", architecture);
        json.put("shapes", shapes);
        json.put("weights", weights);
        return json;
    }

    static Fingerprint fromJson(JsonObject json) {
        return new Fingerprint(json.string("architecture"), json.string("shapes"), json.string("weights"));
    }
}
