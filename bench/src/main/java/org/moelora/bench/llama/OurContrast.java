package org.moelora.bench.llama;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Performer;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.ContrastiveLoss;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.engine.random.RandomStream;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

/**
 * The contrastive losses of one training step alone, forward and backward, sampling included: q and v of every block. Arguments: threads, blocks,
 * tokens, experts, top-k, rank, width of q, width of v. {@code time N} answers the nanoseconds of all of them together.
 */
public final class OurContrast implements Performer {
    private final Device device;
    private final int blocks;
    private final int tokens;
    private final int experts;
    private final int topK;
    private final int rank;
    private final int[] widths;

    private OurContrast(int[] a) {
        device = Devices.open(new DeviceOptions(a[0], false));
        blocks = a[1];
        tokens = a[2];
        experts = a[3];
        topK = a[4];
        rank = a[5];
        widths = new int[] {a[6], a[7]};
    }

    public static void main(String[] args) {
        int[] numbers = new int[args.length];
        for (int i = 0; i < args.length; i++) {
            numbers[i] = Integer.parseInt(args[i]);
        }
        Performer.serve(() -> new OurContrast(numbers));
    }

    @Override
    public Answer perform(String[] words) {
        if (words[0].equals("about")) {
            return Answer.of("version", device.description());
        }
        int calls = Integer.parseInt(words[1]);
        long nanos = 0;
        for (int i = 0; i < calls; i++) {
            nanos += step(i);
        }
        return Answer.of("nanos", nanos / (double) calls);
    }

    private long step(long draw) {
        SplittableRandom random = new SplittableRandom(1);
        try (Tape tape = Tape.recording(device)) {
            int columns = experts * rank;
            int[] selected = new int[tokens * topK];
            for (int t = 0; t < tokens; t++) {
                int first = random.nextInt(experts - topK + 1);
                for (int j = 0; j < topK; j++) {
                    selected[t * topK + j] = first + j;
                }
            }
            Tensor chosen = tape.ints(Shape.of(tokens, topK), selected);
            Tensor u = tape.variable(normal(random, tokens * columns), tokens, columns);
            List<Tensor> outputs = new ArrayList<>();
            for (int width : widths) {
                outputs.add(tape.variable(normal(random, width * columns), width, columns));
            }
            long begin = System.nanoTime();
            List<Tensor> losses = new ArrayList<>();
            for (int block = 0; block < blocks; block++) {
                for (Tensor b : outputs) {
                    int[] pairs = RandomStream.of(0, draw, block + "/pairs")
                            .sampleWithoutReplacement(tokens * topK, TrainingSetup.PAIRS);
                    losses.add(ContrastiveLoss.apply(tape, u, b, chosen, experts, 0.1f, pairs));
                }
            }
            float[] weights = new float[losses.size()];
            Arrays.fill(weights, 1f / weights.length);
            tape.backward(WeightedSum.apply(tape, losses.toArray(Tensor[]::new), weights));
            return System.nanoTime() - begin;
        }
    }

    private static float[] normal(SplittableRandom random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
