package org.moelora.bench.device;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.moelora.bench.contest.Performer;
import org.moelora.bench.contest.Table;
import org.moelora.bench.lab.WorkFolder;
import org.moelora.bench.llama.LlamaShape;
import org.moelora.bench.llama.OurGeneration;
import org.moelora.bench.llama.OurTraining;
import org.moelora.bench.llama.StepFlops;
import org.moelora.bench.llama.TrainingSetup;
import org.moelora.model.DeviceChoice;

/** Training steps and greedy generation of a Llama of 135 million random parameters on one device. */
final class WholeModel {
    private static final int WARM_UPS = 4;
    private static final int ROUNDS = 5;
    private static final int PROMPT = 256;

    private WholeModel() {}

    /** @param quick whether the model has two layers: figures that mean nothing */
    static Table table(String device, boolean quick) {
        LlamaShape shape = quick ? LlamaShape.QUICK : LlamaShape.SMOLLM_135M;
        Table table = new Table("whole model", "ms", "tokens/s", "GFLOP/s");
        try (WorkFolder work = WorkFolder.make()) {
            Path folder = work.path();
            shape.write(folder, 1);
            DeviceChoice choice = new DeviceChoice(device, 0);
            TrainingSetup large = TrainingSetup.MOELORA.withRows(16, 512);
            for (TrainingSetup setup : List.of(TrainingSetup.MOELORA, TrainingSetup.LORA, large)) {
                if (quick && setup.equals(large)) {
                    continue;
                }
                double flops = StepFlops.of(shape, setup).total();
                row(
                        table,
                        "step of " + setup,
                        median(new OurTraining(folder, choice, setup), "steps 3"),
                        setup.tokens(),
                        flops);
            }
            OurGeneration generation = new OurGeneration(folder, choice);
            double flops = StepFlops.prompt(shape, PROMPT);
            row(table, "prompt of " + PROMPT + " tokens", median(generation, "prompt " + PROMPT), PROMPT, flops);
            row(
                    table,
                    "token after " + PROMPT,
                    median(generation, "decode " + PROMPT + " 32"),
                    1,
                    2.0 * shape.parameters());
        }
        return table;
    }

    /** Nanoseconds; the first answers pay for compiling, of kernels and of what starts them, and do not count. */
    private static double median(Performer performer, String request) {
        String[] words = request.split(" ");
        for (int i = 0; i < WARM_UPS; i++) {
            performer.perform(words);
        }
        double[] nanos = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            nanos[i] = performer.perform(words).number("nanos");
        }
        Arrays.sort(nanos);
        return nanos[ROUNDS / 2];
    }

    private static void row(Table table, String what, double nanos, int tokens, double flops) {
        table.row(
                what,
                String.format(Locale.ROOT, "%.2f", nanos / 1e6),
                String.format(Locale.ROOT, "%.0f", tokens / (nanos * 1e-9)),
                String.format(Locale.ROOT, "%.0f", flops / nanos));
    }
}
