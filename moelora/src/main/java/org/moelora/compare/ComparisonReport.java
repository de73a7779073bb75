package org.moelora.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison found.
 *
 * @param arms LoRA first
 * @param headroom what adapters per task and gates by task gain over one LoRA; null where rows name fewer than two tasks
 * @param steps optimizer steps of each full training
 * @param seconds that the trainings and their evaluations took, over all sittings
 */
public record ComparisonReport(List<Outcome> arms, @Nullable Headroom headroom, long steps, double seconds) {
    public ComparisonReport {
        arms = List.copyOf(arms);
    }

    /**
     * One arm at its best learning rate.
     *
     * @param parameters trainable
     * @param activeParameters that one token uses
     * @param learningRate that had the lowest loss on rows held out from training
     * @param accuracy on the test rows, 0 to 1, one for each seed
     * @param tokensPerSecond of training, on average
     */
    public record Outcome(
            Arm arm,
            long parameters,
            long activeParameters,
            double learningRate,
            double[] accuracy,
            double tokensPerSecond) {
        /** Mean accuracy over seeds. */
        public double mean() {
            return PairedDifference.mean(accuracy);
        }

        /** Standard deviation over seeds; NaN for one. */
        public double deviation() {
            return PairedDifference.deviation(accuracy);
        }
    }

    /**
     * How much there is to gain by treating tasks apart, with the first seed.
     *
     * @param lora accuracy of one LoRA
     * @param perTask accuracy where each task has a LoRA of its own, of the same rank, that saw its rows alone
     * @param byTask accuracy of a mixture as large as the LoRA whose gates are told the task
     */
    public record Headroom(double lora, double perTask, double byTask) {
        /** What the better of the two gains over LoRA. */
        public double gain() {
            return Math.max(perTask, byTask) - lora;
        }
    }

    private Outcome lora() {
        return arms.getFirst();
    }

    private static boolean isLora(Outcome outcome) {
        return outcome.arm().name().equals(Arm.LORA);
    }

    /** An arm's accuracy less LoRA's, seed by seed. */
    public PairedDifference difference(Outcome outcome) {
        return PairedDifference.of(outcome.accuracy(), lora().accuracy());
    }

    /** The arm with the highest mean among those that are better than LoRA with an interval above 0; LoRA if there is none. */
    public Outcome recommended() {
        Outcome best = lora();
        for (Outcome outcome : arms) {
            if (!isLora(outcome) && difference(outcome).low() > 0 && outcome.mean() > best.mean()) {
                best = outcome;
            }
        }
        return best;
    }

    /** What to do, and why. */
    public String verdict() {
        Outcome best = recommended();
        if (!isLora(best)) {
            PairedDifference difference = difference(best);
            return String.format(
                    Locale.ROOT,
                    "%s is better than LoRA of as many parameters by %.1f points (95 %% interval %.1f to %.1f).",
                    best.arm().name(),
                    100 * difference.mean(),
                    100 * difference.low(),
                    100 * difference.high());
        }
        String reason = headroom != null && headroom.gain() <= 0
                ? " Adapters per task and gates by task are no better either, so no router can be."
                : "";
        return "No arm is better than LoRA with an interval above 0, so take LoRA, which is the simplest." + reason;
    }

    /** For {@code compare.json}. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        List<Map<String, Object>> list = new ArrayList<>();
        for (Outcome outcome : arms) {
            Map<String, Object> arm = new LinkedHashMap<>();
            arm.put("name", outcome.arm().name());
            arm.put("method", outcome.arm().method());
            arm.put("experts", outcome.arm().config().experts());
            arm.put("rank", outcome.arm().config().rank());
            arm.put("parameters", outcome.parameters());
            arm.put("active_parameters", outcome.activeParameters());
            arm.put("learning_rate", outcome.learningRate());
            arm.put("accuracy", outcome.accuracy());
            arm.put("mean", outcome.mean());
            if (!isLora(outcome)) {
                PairedDifference difference = difference(outcome);
                Map<String, Object> over = new LinkedHashMap<>();
                over.put("mean", difference.mean());
                if (outcome.accuracy().length > 1) {
                    over.put("low", difference.low());
                    over.put("high", difference.high());
                }
                arm.put("over_lora", over);
            }
            arm.put("tokens_per_second", outcome.tokensPerSecond());
            list.add(arm);
        }
        json.put("arms", list);
        Map<String, Object> room = new LinkedHashMap<>();
        if (headroom != null) {
            room.put("lora", headroom.lora());
            room.put("per_task", headroom.perTask());
            room.put("by_task", headroom.byTask());
            room.put("gain", headroom.gain());
        }
        json.put("headroom", room);
        json.put("recommended", recommended().arm().name());
        json.put("verdict", verdict());
        json.put("steps", steps);
        json.put("seconds", seconds);
        return json;
    }
}
