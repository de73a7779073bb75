package org.moelora.adapter;

import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Embedding;

/** What the router of one linear reads in one pass: tokens, or rows as a whole. Made by an adapter's layers. */
public final class RouterInput {
    private final AdapterPass pass;
    private final String module;
    private final Supplier<Tensor> features;
    private final @Nullable Tensor rowOf;
    private final int tokens;

    private RouterInput(
            AdapterPass pass, String module, Supplier<Tensor> features, @Nullable Tensor rowOf, int tokens) {
        this.pass = pass;
        this.module = module;
        this.features = features;
        this.rowOf = rowOf;
        this.tokens = tokens;
    }

    /** Every token by itself. */
    static RouterInput ofTokens(AdapterPass pass, String module, Tensor x) {
        return new RouterInput(pass, module, () -> x, null, x.shape().rows());
    }

    /**
     * Every row as a whole.
     *
     * @param features makes them, [R, in]
     * @param rowOf I32 [T], the row of each token
     */
    static RouterInput ofRows(AdapterPass pass, String module, Supplier<Tensor> features, Tensor rowOf) {
        return new RouterInput(pass, module, features, rowOf, rowOf.shape().cols());
    }

    /** T. */
    int tokens() {
        return tokens;
    }

    /**
     * What a function says of each token, [T, *]: of the token itself, or of its row, which is then asked once and remembered while a text is
     * generated.
     *
     * @param name of what it says, one of its own for each thing that a gate decides
     */
    Tensor decide(Tape tape, String name, UnaryOperator<Tensor> of) {
        if (rowOf == null) {
            return of.apply(features.get());
        }
        Tensor rows = pass.kept(tape, module + "/" + name, () -> of.apply(features.get()));
        return Embedding.gather(tape, rowOf, rows);
    }
}
