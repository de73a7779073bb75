package org.moelora.text;

import java.util.ArrayList;
import java.util.List;
import org.moelora.io.JsonObject;

/** What a field of tokenizer.json does to a text, one thing after the other: a single step, or a {@code Sequence} of them. */
final class Steps {
    /** The longest known has a quarter of it; every step costs a pass over every text. */
    private static final int MAX = 64;

    private Steps() {}

    /**
     * The steps in order, those of sequences in sequences too.
     *
     * @param list the field in which a sequence of this kind has its steps
     */
    static List<JsonObject> of(JsonObject field, String list) {
        List<JsonObject> steps = new ArrayList<>();
        add(field, list, steps);
        return steps;
    }

    private static void add(JsonObject field, String list, List<JsonObject> steps) {
        if (!field.string("type").equals("Sequence")) {
            steps.add(field);
        } else {
            for (JsonObject step : field.array(list).objects()) {
                add(step, list, steps);
            }
        }
        if (steps.size() > MAX) {
            throw field.error("is or belongs to a sequence of more than " + MAX + " steps; expected at most as many");
        }
    }
}
