package org.moelora.bench.attention;

import java.util.Arrays;
import java.util.List;
import org.moelora.engine.InputException;

/** The steps in their order. */
enum Step {
    SCORE_MATRIX("1", "the matrix of scores", false, true),
    ONLINE_SOFTMAX("2", "online softmax", false, false),
    KEY_BLOCKS("3", "blocks of keys, vectors", false, false),
    ENGINE("4", "the engine", false, false),
    FROM_MATRIX("5", "backward from the matrix", true, true),
    FROM_LOG_SUM_EXP("6", "backward from log-sum-exp", true, false),
    VECTOR_GRADIENTS("7", "the same with vectors", true, false),
    ENGINE_BACKWARD("8", "the engine, backward", true, false);

    private final String id;
    private final String title;
    private final boolean backward;
    private final boolean keepsMatrix;

    Step(String id, String title, boolean backward, boolean keepsMatrix) {
        this.id = id;
        this.title = title;
        this.backward = backward;
        this.keepsMatrix = keepsMatrix;
    }

    /** Its number in the page. */
    String id() {
        return id;
    }

    String title() {
        return title;
    }

    boolean backward() {
        return backward;
    }

    /** Bytes that are kept from the forward pass to the backward pass beside the inputs and the output. */
    long kept(int tokens) {
        return Float.BYTES * (keepsMatrix ? (long) tokens * tokens : tokens);
    }

    /**
     * Multiply-adds of the products, two operations each, over the pairs that are seen: scores and output forward; backward the gradients of v, p, q and k, and
     * the scores once more where they were not kept.
     */
    double flops(Head h) {
        int products = backward ? keepsMatrix ? 4 : 5 : 2;
        return 2.0 * products * h.pairs() * h.dim();
    }

    /** This pass over a head; a backward pass finds o and logSumExp there, or makes them here. */
    Pass on(Head h, int threads) {
        float[] p = new float[keepsMatrix ? Math.multiplyExact(h.tokens(), h.tokens()) : 0];
        if (this == FROM_MATRIX) {
            ScoreMatrix.forward(h, p);
        } else if (backward && this != ENGINE_BACKWARD) {
            KeyBlocks.forward(h);
        }
        return switch (this) {
            case SCORE_MATRIX -> () -> ScoreMatrix.forward(h, p);
            case ONLINE_SOFTMAX -> () -> OnlineSoftmax.forward(h);
            case KEY_BLOCKS -> () -> KeyBlocks.forward(h);
            case ENGINE -> new EngineAttention(h, "cpu-simd", threads, false);
            case FROM_MATRIX -> () -> FromMatrix.backward(h, p);
            case FROM_LOG_SUM_EXP -> () -> FromLogSumExp.backward(h);
            case VECTOR_GRADIENTS -> () -> VectorGradients.backward(h);
            case ENGINE_BACKWARD -> new EngineAttention(h, "cpu-simd", threads, true);
        };
    }

    static Step of(String id) {
        return Arrays.stream(values())
                .filter(step -> step.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new InputException("there is no step \"" + id + "\"; expected one of " + ids()));
    }

    static List<String> ids() {
        return Arrays.stream(values()).map(Step::id).toList();
    }
}
