package org.moelora.bench.llama;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.moelora.data.TokenRow;

/**
 * A training step: rows of random tokens, all of them labels, and an adapter on q and v.
 *
 * @param experts one means LoRA
 * @param topK experts per token
 * @param rank of one expert
 * @param contrast whether the contrastive loss takes part
 * @param rows of a step
 * @param length tokens of a row
 * @param recompute whether layers are run again in the backward pass
 */
public record TrainingSetup(
        int experts, int topK, int rank, boolean contrast, int rows, int length, boolean recompute) {
    /** Pairs of the contrastive loss per adapted linear. */
    public static final int PAIRS = 512;

    /** 8 experts of rank 4, top-2, 4 x 256 tokens. */
    public static final TrainingSetup MOELORA = new TrainingSetup(8, 2, 4, true, 4, 256, false);

    /** LoRA of as many parameters as {@link #MOELORA} with its routers has. */
    public static final TrainingSetup LORA = new TrainingSetup(1, 1, 36, false, 4, 256, false);

    public int tokens() {
        return rows * length;
    }

    public TrainingSetup withContrast(boolean value) {
        return new TrainingSetup(experts, topK, rank, value, rows, length, recompute);
    }

    public TrainingSetup withRows(int count, int tokensEach) {
        return new TrainingSetup(experts, topK, rank, contrast, count, tokensEach, recompute);
    }

    public TrainingSetup withExperts(int count, int rankEach) {
        return new TrainingSetup(count, Math.min(2, count), rankEach, contrast && count > 1, rows, length, recompute);
    }

    public TrainingSetup withRecompute(boolean value) {
        return new TrainingSetup(experts, topK, rank, contrast, rows, length, value);
    }

    /** As arguments of a program. */
    public String[] arguments() {
        return new String[] {
            Integer.toString(experts),
            Integer.toString(topK),
            Integer.toString(rank),
            Boolean.toString(contrast),
            Integer.toString(rows),
            Integer.toString(length),
            Boolean.toString(recompute)
        };
    }

    /** Reads {@link #arguments} from an array, from a place on. */
    public static TrainingSetup parse(String[] args, int from) {
        return new TrainingSetup(
                Integer.parseInt(args[from]),
                Integer.parseInt(args[from + 1]),
                Integer.parseInt(args[from + 2]),
                Boolean.parseBoolean(args[from + 3]),
                Integer.parseInt(args[from + 4]),
                Integer.parseInt(args[from + 5]),
                Boolean.parseBoolean(args[from + 6]));
    }

    /** The rows, the same ones each time. */
    public List<TokenRow> data(int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        List<TokenRow> data = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            int[] ids = random.ints(length, 3, vocabulary).toArray();
            data.add(new TokenRow(ids, ids, null, r));
        }
        return data;
    }

    /** {@code MoELoRA 8x4, 4 x 256}. */
    public String label() {
        return (experts == 1 ? "LoRA r=" + rank : "MoELoRA " + experts + "x" + rank) + ", " + rows + " x " + length;
    }

    @Override
    public String toString() {
        String method = experts == 1 ? "LoRA r=" + rank : "MoELoRA " + experts + "x" + rank + " top-" + topK;
        return method + (contrast ? ", contrast on " + PAIRS + " pairs" : "") + ", " + rows + " x " + length + " tokens"
                + (recompute ? ", recomputing" : "");
    }
}
