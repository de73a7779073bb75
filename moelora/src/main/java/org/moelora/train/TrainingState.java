package org.moelora.train;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/**
 * How far a run is, apart from the adapter and the optimizer's moments. The order of rows, dropout and sampled pairs are functions of the seed and
 * the step, and the learning rate is one of the step, so that there is no more to it.
 *
 * @param run the run's id, as in {@code run.json}; empty in runs of versions that wrote none
 * @param step steps done
 * @param steps all steps of the run
 * @param updates steps that moved the parameters: all but those of which every row was skipped
 * @param rowsSeen rows read in training, each as often as it was read; 0 in a run from before they were counted
 * @param tokens read in training
 * @param seconds spent
 * @param loss of the last step; NaN before it
 * @param bestEvalLoss infinite before there is one
 * @param metricsBytes length of {@code metrics.jsonl}
 */
record TrainingState(
        String run,
        long step,
        long steps,
        long updates,
        long rowsSeen,
        long tokens,
        double seconds,
        double loss,
        double bestEvalLoss,
        long metricsBytes,
        List<SkippedRow> skipped) {
    TrainingState {
        skipped = List.copyOf(skipped);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("run", run);
        json.put("step", step);
        json.put("steps", steps);
        json.put("updates", updates);
        json.put("rows", rowsSeen);
        json.put("tokens", tokens);
        json.put("seconds", seconds);
        json.put("loss", loss);
        json.put("best_eval_loss", bestEvalLoss);
        json.put("metrics_bytes", metricsBytes);
        json.put("skipped", skipped.stream().map(TrainingState::toJson).toList());
        return json;
    }

    static Map<String, Object> toJson(SkippedRow row) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("row", row.row());
        json.put("where", row.where());
        json.put("held_out", row.heldOut());
        json.put("step", row.step());
        json.put("reason", row.reason());
        return json;
    }

    /**
     * @throws InputException if it cannot be read
     */
    static TrainingState read(Path file) {
        JsonObject json = Json.read(file);
        List<SkippedRow> skipped = json.array("skipped").objects().stream()
                .map(TrainingState::skippedRow)
                .toList();
        return new TrainingState(
                json.string("run", ""),
                json.longInteger("step"),
                json.longInteger("steps"),
                json.longInteger("updates"),
                json.has("rows") ? json.longInteger("rows") : 0,
                json.longInteger("tokens"),
                json.number("seconds"),
                json.number("loss", Double.NaN),
                json.number("best_eval_loss", Double.POSITIVE_INFINITY),
                json.longInteger("metrics_bytes"),
                skipped);
    }

    static SkippedRow skippedRow(JsonObject json) {
        return new SkippedRow(
                json.integer("row"),
                json.string("where"),
                json.flag("held_out"),
                json.longInteger("step"),
                json.string("reason"));
    }
}
