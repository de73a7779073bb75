package org.moelora.bench.llama;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Performer;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;

/**
 * This engine's greedy generation of one text. Arguments: the model's folder, threads. {@code prompt P} answers the nanoseconds from a prompt of P
 * tokens to the first new one, {@code decode P N} those per token of the N that follow the first one.
 */
public final class OurGeneration implements Performer {
    private final Decoder base;

    /** Loads the model there. */
    public OurGeneration(Path model, DeviceChoice choice) {
        base = Decoder.load(model, choice);
    }

    public static void main(String[] args) {
        Performer.serve(() -> new OurGeneration(Path.of(args[0]), new DeviceChoice("cpu", Integer.parseInt(args[1]))));
    }

    @Override
    public Answer perform(String[] words) {
        return switch (words[0]) {
            case "about" -> Answer.of("version", base.device().description());
            case "prompt" -> Answer.of("nanos", generate(Integer.parseInt(words[1]), 1)[0]);
            case "decode" -> decode(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            default -> throw new IllegalArgumentException("there is no request " + words[0]);
        };
    }

    private Answer decode(int prompt, int count) {
        long[] nanos = generate(prompt, count + 1);
        return Answer.of("nanos", (nanos[count] - nanos[0]) / (double) count);
    }

    /** Nanoseconds from the beginning to each token. */
    private long[] generate(int prompt, int count) {
        int[] ids = new SplittableRandom(1)
                .ints(prompt, 3, base.config().vocabularySize())
                .toArray();
        long[] nanos = new long[count];
        int[] made = {0};
        long begin = System.nanoTime();
        Generation.of(base.plain(), GenerationOptions.GREEDY.withMaxTokens(count))
                .ids(List.of(ids), (sequence, id) -> {
                    nanos[made[0]++] = System.nanoTime() - begin;
                    return true;
                });
        if (made[0] != count) {
            throw new IllegalStateException("the text ended after " + made[0] + " tokens instead of " + count);
        }
        return nanos;
    }
}
