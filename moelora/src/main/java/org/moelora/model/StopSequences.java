package org.moelora.model;

import java.util.List;

/** Passes a text on as it comes, up to the first stop sequence: what may become one is held back until it is known. For one text. */
final class StopSequences {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    StopSequences(List<String> stops) {
        this.stops = stops;
    }

    /** Whether a stop sequence has come; nothing passes after it. */
    boolean found() {
        return found;
    }

    /** What may be shown now that {@code piece} has come. */
    String push(String piece) {
        if (found) {
            return "";
        }
        held.append(piece);
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }
        if (first >= 0) {
            found = true;
            return held.substring(0, first);
        }
        int keep = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > keep; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    keep = length;
                }
            }
        }
        String shown = held.substring(0, held.length() - keep);
        held.delete(0, held.length() - keep);
        return shown;
    }

    /** What was held back, at the end of a text in which no stop sequence came. */
    String finish() {
        String rest = found ? "" : held.toString();
        held.setLength(0);
        return rest;
    }
}
