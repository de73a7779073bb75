package org.moelora.together;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;

/**
 * Rounds of what a service does all day: make an adapter, train it for a step, generate with it, drop it. Prints the resident memory after some of
 * them. Arguments: the model's folder, and the number of rounds.
 */
final class Soak {
    /** Sizes of adapters and lengths of rows: all are there in the first ten rounds, and again and again. */
    private static final int KINDS = 10;

    private static final int SAMPLES = 6;
    private static final int SETTLING_MILLIS = 250;

    private Soak() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        int rounds = Integer.parseInt(args[1]);
        try (Decoder base = Decoder.load(Path.of(args[0]), new DeviceChoice("cpu-simd", 2))) {
            for (int round = 1; round <= rounds; round++) {
                round(base, round % KINDS);
                if (round == 10 || round % 100 == 0 || round == rounds) {
                    int samples = round == 10 || round == rounds ? SAMPLES : 1;
                    System.out.println("round " + round + " resident " + resident(samples) + " leased "
                            + base.device().memoryUse().total());
                }
            }
        }
    }

    private static void round(Decoder base, int kind) {
        Random random = new Random(kind);
        MoeLoraConfig config = MoeLoraConfig.builder()
                .experts(2 + random.nextInt(6))
                .rank(1 + random.nextInt(8))
                .build();
        TokenRow row = row(random, base.config().vocabularySize());
        try (Adapter adapter = MoeLora.create(base, config)) {
            FineTuner.of(base.with(adapter))
                    .onRows(List.of(row, row(random, base.config().vocabularySize())))
                    .config(TrainingConfig.builder()
                            .steps(1L)
                            .batchSize(2)
                            .seed(kind)
                            .build())
                    .run();
            Generation.of(base.with(adapter), GenerationOptions.GREEDY.withMaxTokens(1 + random.nextInt(8)))
                    .ids(List.of(row.inputIds()), (sequence, id) -> true);
        }
    }

    private static TokenRow row(Random random, int vocabulary) {
        int[] ids = random.ints(2 + random.nextInt(60), 0, vocabulary).toArray();
        return new TokenRow(ids, ids, null, 0);
    }

    /** Resident memory in KiB with as little garbage as can be, the compiler's included. */
    private static long resident(int samples) throws IOException, InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < samples; i++) {
            System.gc();
            Thread.sleep(SETTLING_MILLIS);
            least = Math.min(least, residentNow());
        }
        return least;
    }

    private static long residentNow() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalStateException("no VmRSS in /proc/self/status");
    }
}
