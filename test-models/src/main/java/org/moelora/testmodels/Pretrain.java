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

    /** Time on the clock, and of all cores together: the first is longer on a machine that has other work. */
    private record Cost(double seconds, double cpuSeconds) {
        static final Cost NONE = new Cost(0, 0);

        static Cost now() {
            double cpu = ProcessHandle.current()
                    .info()
                    .totalCpuDuration()
                    .map(duration -> duration.toNanos() / 1e9)
                    .orElse(0.0);
            return new Cost(System.nanoTime() / 1e9, cpu);
        }

        Cost plus(Cost other) {
            return new Cost(seconds + other.seconds, cpuSeconds + other.cpuSeconds);
        }

        Cost minus(Cost other) {
            return new Cost(seconds - other.seconds, cpuSeconds - other.cpuSeconds);
        }
    }

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
            Cost before = Cost.NONE;
            if (Files.exists(checkpoint)) {
                pretraining.resume(checkpoint);
                before = costUntil(curve, pretraining.steps());
            } else {
                Files.deleteIfExists(curve);
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s%n%,d parameters, from step %d%n",
                    device.description(),
                    pretraining.parameters(),
                    pretraining.steps());
            Cost start = Cost.now();
            double sum = 0;
            for (int n = 1; !pretraining.done(); n++) {
                pretraining.step();
                sum += pretraining.loss();
                long step = pretraining.steps();
                if (step % REPORT_STEPS == 0 || pretraining.done()) {
                    report(curve, pretraining, sum / n, before.plus(Cost.now().minus(start)));
                    sum = 0;
                    n = 0;
                }
                if (step % settings.checkpointSteps() == 0 || pretraining.done()) {
                    pretraining.checkpoint(checkpoint);
                }
            }
            pretraining.export(folder);
            System.out.printf(Locale.ROOT, "validation loss %.4f%n", pretraining.validationLoss(VALIDATION_DOCUMENTS));
        }
    }

    private static void report(Path curve, Pretraining at, double loss, Cost cost) throws IOException {
        String line = String.format(
                Locale.ROOT,
                "{\"step\":%d,\"tokens\":%d,\"loss\":%.4f,\"grad_norm\":%.3f,\"seconds\":%.1f,\"cpu_seconds\":%.1f}%n",
                at.steps(),
                at.tokens(),
                loss,
                at.gradNorm(),
                cost.seconds,
                cost.cpuSeconds);
        System.out.print(line);
        Files.writeString(curve, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** Cuts the curve back to a checkpoint's step, and says what the run had cost until then. */
    private static Cost costUntil(Path curve, long step) throws IOException {
        var kept = Files.readAllLines(curve).stream()
                .filter(line -> number(line, "step") <= step)
                .toList();
        Files.write(curve, kept);
        return kept.isEmpty()
                ? Cost.NONE
                : new Cost(number(kept.getLast(), "seconds"), number(kept.getLast(), "cpu_seconds"));
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
