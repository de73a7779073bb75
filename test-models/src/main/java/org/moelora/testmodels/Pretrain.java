package org.moelora.testmodels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.text.Tokenizer;

/**
 * Makes the bundled model: {@code Pretrain MODEL WORK} learns the tokenizer, pretrains, and writes the model to the folder
 * MODEL. WORK holds the checkpoint: the same command goes on from it when it was interrupted. The loss curve is
 * {@code MODEL/pretraining.jsonl}, a line for every 50 steps.
 */
final class Pretrain {
    static final PretrainingSettings SETTINGS =
            new PretrainingSettings(ModelFiles.TINY, 9_900_000, 1536, 3e-3, 200, 0.05, 1.0, 500, Corpus.SEED);

    private static final int REPORT_STEPS = 50;
    private static final int VALIDATION_DOCUMENTS = 1000;

    private Pretrain() {}

    public static void main(String[] args) {
        if (args.length != 2) {
            System.err.println("Usage: Pretrain MODEL WORK");
            System.exit(2);
        }
        try {
            run(SETTINGS, Files.createDirectories(Path.of(args[0])), Files.createDirectories(Path.of(args[1])));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs to the end, from the checkpoint in {@code work} if there is one, and exports to {@code folder}. */
    static void run(PretrainingSettings settings, Path folder, Path work) throws IOException {
        Path checkpoint = work.resolve("checkpoint.safetensors");
        Path curve = folder.resolve("pretraining.jsonl");
        if (!Files.exists(folder.resolve("tokenizer.json"))) {
            TokenizerFiles.write(TokenizerFiles.learn(new Corpus(settings.seed())), folder);
        }
        Tokenizer tokenizer = Tokenizer.read(folder.resolve("tokenizer.json"));
        try (Device device = Devices.open(DeviceOptions.DEFAULT);
                var pretraining = new Pretraining(settings, tokenizer, device)) {
            double before = 0;
            if (Files.exists(checkpoint)) {
                pretraining.resume(checkpoint);
                before = secondsAt(curve, pretraining.steps());
            } else {
                Files.deleteIfExists(curve);
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s%n%,d parameters, from step %d%n",
                    device.description(),
                    pretraining.parameters(),
                    pretraining.steps());
            long start = System.nanoTime();
            double sum = 0;
            for (int n = 1; !pretraining.done(); n++) {
                pretraining.step();
                sum += pretraining.loss();
                long step = pretraining.steps();
                if (step % REPORT_STEPS == 0 || pretraining.done()) {
                    double seconds = before + (System.nanoTime() - start) / 1e9;
                    report(curve, pretraining, sum / n, seconds);
                    sum = 0;
                    n = 0;
                }
                if (step % settings.checkpointSteps() == 0 || pretraining.done()) {
                    pretraining.checkpoint(checkpoint);
                }
            }
            pretraining.export(folder);
            System.out.printf(
                    Locale.ROOT, "validation loss %.4f%n", pretraining.validationLoss(VALIDATION_DOCUMENTS));
        }
    }

    private static void report(Path curve, Pretraining at, double loss, double seconds) throws IOException {
        String line = String.format(
                Locale.ROOT,
                "{\"step\":%d,\"tokens\":%d,\"loss\":%.4f,\"grad_norm\":%.3f,\"seconds\":%.1f}%n",
                at.steps(),
                at.tokens(),
                loss,
                at.gradNorm(),
                seconds);
        System.out.print(line);
        Files.writeString(curve, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** Cuts the curve back to a checkpoint's step, and says how long the run had taken until then. */
    private static double secondsAt(Path curve, long step) throws IOException {
        var kept = Files.readAllLines(curve).stream()
                .filter(line -> number(line, "step") <= step)
                .toList();
        Files.write(curve, kept);
        return kept.isEmpty() ? 0 : number(kept.getLast(), "seconds");
    }

    private static double number(String line, String field) {
        int from = line.indexOf("\"" + field + "\":") + field.length() + 3;
        int to = from;
        while (to < line.length() && ",}".indexOf(line.charAt(to)) < 0) {
            to++;
        }
        return Double.parseDouble(line.substring(from, to));
    }
}
