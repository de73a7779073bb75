package org.moelora.train;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.OutputWatcher;
import org.moelora.adapter.RouterPhase;
import org.moelora.adapter.TaskHeads;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Pieces;
import org.moelora.engine.Tensor;
import org.moelora.model.LanguageModel;

/**
 * Goes through a step that gave a NaN or infinite value once more, slowly, and looks where the first such value appears. Parameters are
 * not changed; gradients are left undefined.
 */
final class Diagnosis implements OutputWatcher {
    private static final int MOST_NAMED = 8;

    private final LanguageModel model;
    private final ParameterBlock parameters;
    private final LossSettings losses;
    private final RouterPhase phase;
    private final TaskHeads heads;
    private final TrainingConfig config;
    private @Nullable String first;

    Diagnosis(
            LanguageModel model,
            ParameterBlock parameters,
            LossSettings losses,
            RouterPhase phase,
            TaskHeads heads,
            TrainingConfig config) {
        this.model = model;
        this.parameters = parameters;
        this.losses = losses;
        this.phase = phase;
        this.heads = heads;
        this.config = config;
    }

    /**
     * Where the first NaN or infinity appears: forwards by module, then backwards by parameter.
     *
     * @param microBatchIndex number of micro-batches before the step
     */
    String find(List<Batch> batches, long microBatchIndex) {
        for (Parameter parameter : parameters.parameters()) {
            if (!isFinite(parameter)) {
                return "the parameter " + parameter.name();
            }
        }
        for (int i = 0; i < batches.size(); i++) {
            first = null;
            TrainingStep result = backward(batches.get(i), microBatchIndex + i);
            if (first != null) {
                return first;
            }
            if (!Double.isFinite(result.lm())) {
                return "the language model's loss";
            }
            if (!Double.isFinite(result.balance())) {
                return "the balance loss";
            }
            if (!Double.isFinite(result.contrast())) {
                return "the contrastive loss";
            }
            if (!Double.isFinite(result.task())) {
                return "the task loss";
            }
            for (Parameter parameter : parameters.parameters().reversed()) {
                if (!isFinite(parameter.gradientArray())) {
                    return "the gradient of " + parameter.name();
                }
            }
        }
        return "a sum, of losses or over micro-batches"; // whose parts are finite
    }

    /**
     * The rows that alone are enough for a NaN or infinite value.
     *
     * @param microBatchIndex number of micro-batches before the step
     */
    List<SkippedRow> badRows(List<Batch> batches, long microBatchIndex, long step) {
        List<SkippedRow> bad = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            for (TokenRow row : batches.get(i).rows()) {
                Batch alone = Batch.of(List.of(row));
                TrainingStep result = backward(alone, microBatchIndex + i);
                boolean finite = Double.isFinite(result.loss(losses))
                        && parameters.parameters().stream().allMatch(p -> isFinite(p.gradientArray()));
                if (!finite) {
                    bad.add(new SkippedRow(
                            row.row(), row.where(), false, step, find(List.of(alone), microBatchIndex + i)));
                }
            }
        }
        return bad;
    }

    private TrainingStep backward(Batch batch, long microBatchIndex) {
        parameters.clearGradients();
        return TrainingStep.backward(
                model, List.of(batch), losses, phase, heads, config.seed(), microBatchIndex, config.recompute(), this);
    }

    @Override
    public void saw(String module, Tensor out) {
        if (first == null && !isFinite(out.toArray())) {
            first = "the output of " + module;
        }
    }

    static boolean isFinite(Parameter parameter) {
        boolean[] finite = {true};
        Pieces.each(parameter.shape().size(), (from, values) -> {
            parameter.read(from, values);
            finite[0] &= isFinite(values);
        });
        return finite[0];
    }

    static boolean isFinite(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    /** Rows as a sentence names them: {@code train.jsonl line 3, 17, 21}. */
    static String names(List<String> rows) {
        StringBuilder names = new StringBuilder();
        String before = "";
        for (String row : rows.subList(0, Math.min(MOST_NAMED, rows.size()))) {
            int number = row.lastIndexOf(' ') + 1;
            names.append(names.isEmpty() ? "" : ", ");
            names.append(row.substring(0, number).equals(before) ? row.substring(number) : row);
            before = row.substring(0, number);
        }
        return rows.size() > MOST_NAMED ? names + " and " + (rows.size() - MOST_NAMED) + " more" : names.toString();
    }
}
